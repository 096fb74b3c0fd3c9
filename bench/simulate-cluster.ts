// `npm run simulate cluster`: more machines than anybody has here, in virtual time: what each of them sends, holds and misses,
// and what gives way first.
import { parseArgs } from 'node:util';
import { maxMemoryLimit } from '../src/swarm/layout.ts';
import { ClusterSimulation } from './simulation/cluster-simulation.ts';
import type { Moment, Outcome } from './simulation/observations.ts';
import type { Plan } from './simulation/plan.ts';
import { measureStore, type StoreCosts } from './simulation/store-costs.ts';
import { formatTable } from './table.ts';

const help = `npm run simulate cluster -- [OPTION …]
  --nodes N          nodes (10)
  --peers N          peers that are there at any time (100000000)
  --announces N      announces of all of them a second (1000000); each announces every peers / announces seconds
  --seconds N        virtual seconds after the swarms have filled (240): at a fifth of them a node dies, at two fifths
                     another is cut off
  --partition N      seconds for which it is cut off (30)
  --ttl N            seconds until a peer is forgotten (twice the time between its announces, as by default)
  --changes SHARE    announces with which one peer goes and another comes (0.05)
  --silent SHARE     of those that go, who say nothing and are forgotten in the end (0.3)
  --engine N         bytes that the engine takes and gives a second (350000000)
  --kept N           bytes of news that it keeps (67108864, as nodes ask for)
  --sample N         one peer in N is simulated, a power of two up to 4096 (1024)
  --seed N           another load (1)
`;

const kept = 64 << 20;
const waiting = 32 << 20;

function readPlan(words: string[]): Plan & { costs: StoreCosts } {
  const texts = Object.fromEntries(
    [
      'nodes',
      'peers',
      'announces',
      'seconds',
      'partition',
      'ttl',
      'changes',
      'silent',
      'engine',
      'kept',
      'sample',
      'seed',
    ].map((name) => [name, { type: 'string' as const }]),
  );
  const { values } = parseArgs({ args: words, options: { ...texts, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const read = (name: string, usual: number) => Number((values as Record<string, string>)[name] ?? usual);
  const number = (name: string, usual: number) => {
    const value = read(name, usual);
    if (!(value > 0)) throw new RangeError(`--${name} must be a number above 0`);
    return value;
  };
  const silent = read('silent', 0.3);
  if (!(silent >= 0 && silent <= 1)) throw new RangeError('--silent must be a share, 0 to 1');
  const peers = number('peers', 100e6);
  const announces = number('announces', 1e6);
  const sample = number('sample', 1024);
  if (!Number.isInteger(Math.log2(sample)) || sample > 4096)
    throw new RangeError('--sample must be a power of two up to 4096');
  if (number('nodes', 10) < 3) throw new RangeError('--nodes must be 3 or more: one dies and one is cut off');
  const costs = measureStore(Math.min(500_000, Math.ceil(peers / 10)));
  return {
    ...{ nodes: number('nodes', 10), peers, announces, sample, costs },
    seconds: number('seconds', 240),
    partition: number('partition', 30),
    peerTtl: Math.round(number('ttl', (2 * peers) / announces)),
    changes: number('changes', 0.05),
    silent,
    engineRate: number('engine', 350e6),
    keptBytes: number('kept', kept),
    mostWaiting: waiting,
    sumSeconds: Math.max(0.1, (peers * costs.sumMicroseconds) / 1e6),
    seed: number('seed', 1),
  };
}

const count = (value: number) => Math.round(value).toLocaleString('en');
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const milliseconds = (ms: number) => (ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function momentsTable(moments: readonly Moment[]): string {
  const rows = moments
    // What is the same as before says nothing.
    .filter(({ event, second }) => event !== '' || second % 20 === 0)
    .map(({ second, event, missed, ghosts, lagMs, bytesPerSecond }) => [
      ...[`${second} s`, count(missed), count(ghosts), milliseconds(lagMs), megabytes(bytesPerSecond), event],
    ]);
  return formatTable(['virtual', 'missed', 'ghosts', 'worst lag', 'engine /s', 'what happened'], rows);
}

/** What there is of each thing, as a share of what there may be; the largest gives way first. */
function limits(plan: Plan, costs: StoreCosts, outcome: Outcome): [string, number, string][] {
  const memory = plan.peers * costs.bytesPerPeer;
  const cores = (outcome.heardPerSecond * costs.applyMicroseconds) / 1e6;
  const row = outcome.out * plan.nodes;
  return [
    [
      'memory of a node',
      memory / maxMemoryLimit,
      `${(memory / 2 ** 30).toFixed(1)} GiB of swarms (${costs.bytesPerPeer.toFixed(0)} bytes a peer in swarms of ten); a store holds 4 GiB`,
    ],
    [
      'the engine',
      outcome.engineBusy,
      `${megabytes(outcome.out * plan.nodes)}/s in, ${megabytes(outcome.in * plan.nodes)}/s out`,
    ],
    [
      'applying on a node',
      cores,
      `${count(outcome.heardPerSecond)} records/s of ${costs.applyMicroseconds.toFixed(2)} µs here, in one thread`,
    ],
    [
      'news kept, of a partition',
      plan.partition / (plan.keptBytes / row),
      `the engine keeps ${(plan.keptBytes / row).toFixed(1)} s of news; who is away for longer compares`,
    ],
    [
      'comparing once a minute',
      plan.sumSeconds / 60,
      `${plan.sumSeconds.toFixed(1)} s to sum up a store here; as much as ${megabytes(outcome.mostCompared)} of states sent in one comparison, and ${megabytes(outcome.quietCompared)} while nothing was lost`,
    ],
  ];
}

function report(plan: Plan, costs: StoreCosts, outcome: Outcome): string {
  const rows = limits(plan, costs, outcome).sort(([, a], [, b]) => b - a);
  const short = rows.filter(([, share]) => share > 1).map(([what]) => what);
  return [
    momentsTable(outcome.moments),
    '',
    `a node sends ${megabytes(outcome.out)}/s and is sent ${megabytes(outcome.in)}/s; ${(100 * outcome.told).toFixed(0)} % of announces are told`,
    `lag p50 ${milliseconds(outcome.lagMs.p50)}, p99 ${milliseconds(outcome.lagMs.p99)}, most ${milliseconds(outcome.lagMs.most)}; ` +
      `${outcome.cuts} times a node found its place gone, ${outcome.comparisons} comparisons, the last without ${(100 * outcome.unsure).toFixed(1)} % of what there is`,
    '',
    formatTable(
      ['what', 'used', 'that is'],
      rows.map(([what, used, words]) => [what, `${(100 * used).toFixed(0)} %`, words]),
    ),
    '',
    short.length > 0
      ? `There is more than 100 % of: ${short.join('; ')}.`
      : `All of it suffices; with more of everything the first that does not: ${rows[0][0]}.`,
    '',
  ].join('\n');
}

try {
  const { costs, ...plan } = readPlan(process.argv.slice(2));
  process.stdout.write(
    `${plan.nodes} nodes, ${count(plan.peers)} peers, ${count(plan.announces)} announces/s, forgotten after ${plan.peerTtl} s.\n` +
      `One peer in ${count(plan.sample)} is simulated with the code that nodes run, in virtual time; counts and bytes are multiplied. ` +
      "The engine is a model, a row that takes and gives so many bytes a second. The network and the nodes' processors are not " +
      'limited; what of them would be needed stands at the end.\n\n',
  );
  const running = new ClusterSimulation(plan).run();
  let step = running.next();
  for (; !step.done; step = running.next())
    if (process.stderr.isTTY) process.stderr.write(`\r${(100 * step.value).toFixed(0)} % `);
  if (process.stderr.isTTY) process.stderr.write('\r      \r');
  process.stdout.write(report(plan, costs, step.value));
} catch (error) {
  if (!(error instanceof RangeError) && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS'))
    throw error;
  process.stderr.write(`${(error as Error).message}\n${help}`);
  process.exitCode = 2;
}
