// `npm run bench cluster`: what a cluster costs one node, what a record of another node costs, and how soon it is known there.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RedisServer, withoutRedis } from '../test/cluster/redis-server.ts';
import { measureCosts } from './applying.ts';
import { describeCommit, describeMachine, pinProcess } from './machine.ts';
import { formatCount, formatTable, median } from './table.ts';
import { processorSeconds } from './thread-time.ts';
import { withTracker } from './tracker-run.ts';
import type { LoadResult } from './udp-load.ts';
import { measure } from './udp-run.ts';
import { caracal } from './udp-servers.ts';
import { timesUntilVisible } from './visibility.ts';

const usage = `npm run bench cluster -- [options, each as --name=value]
  --seconds=3 --rounds=9      measured time of each load, and how often each is measured, in turn
  --torrents=10000 --peers=100000
  --changes=5                 of a hundred announces, how many change a swarm
  --apply-peers=500000 --apply-rounds=20   for the cost of a record
  --samples=2000 --per-second=100          for the time until a peer is known elsewhere
  --idle-seconds=60           for the cost of a node that nobody asks
  --only=throughput,idle,record,visible`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '9' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '100000' },
    changes: { type: 'string', default: '5' },
    'apply-peers': { type: 'string', default: '500000' },
    'apply-rounds': { type: 'string', default: '20' },
    samples: { type: 'string', default: '2000' },
    'per-second': { type: 'string', default: '100' },
    'idle-seconds': { type: 'string', default: '60' },
    only: { type: 'string', default: 'throughput,idle,record,visible' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || withoutRedis) {
  console.log(withoutRedis ? `cluster: left out: ${withoutRedis}` : usage);
  process.exit(0);
}

/** What a start leaves behind, code that is compiled above all, is over by then. */
const settleMs = 20_000;
type Row = [what: string, measured: string, target: string];
const rows: Row[] = [];
const parts = values.only.split(',');
const engine = await RedisServer.start();
// Beside the load, as on a machine of its own: it has little to do.
pinProcess(engine.pid, 1);
const inCluster = (node: string) => ['--cluster', engine.url, '--cluster-node', node];
let announceUs = Number.NaN;
try {
  if (parts.includes('throughput')) rows.push(...(await throughput()));
  if (parts.includes('idle')) rows.push(await idle());
  if (parts.includes('record')) rows.push(...(await record()));
  if (parts.includes('visible')) rows.push(await visible());
} finally {
  await engine.close();
}
console.log(`\ncommit ${describeCommit()}; ${describeMachine()}
one node on one core, load and engine on another; medians of ${values.rounds} rounds\n`);
console.log(formatTable(['', 'measured', 'target'], rows));
process.exit(0);

/** Each round has all of them, now in this order, now in the other, so that a drift cancels out. */
async function throughput(): Promise<Row[]> {
  const cases = [0, Number(values.changes)].flatMap((changes) =>
    [false, true].map((isCluster) => ({ changes, isCluster, found: [] as LoadResult[] })),
  );
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const each of round % 2 === 0 ? cases : [...cases].reverse()) {
      const words = ['--rate-limit', 'off', ...(each.isCluster ? inCluster('measured') : [])];
      const server = caracal('', 1, words);
      const { seconds, torrents, peers } = values;
      const size = ['--torrents', torrents, '--peers', peers, '--seconds', seconds];
      const result = await measure(server, [...size, '--changes', `${each.changes}`]);
      each.found.push(result);
      const name = `${each.isCluster ? 'in a cluster' : 'alone'}, ${each.changes} % changes`;
      process.stderr.write(
        `round ${round + 1}/${values.rounds}  ${name.padEnd(26)} ${formatCount(result.answersPerSecond).padStart(8)} answers/s\n`,
      );
    }
  }
  return [0, 2].flatMap((at) => {
    const [alone, together] = [cases[at].found, cases[at + 1].found];
    const ratio = (of: (result: LoadResult) => number) =>
      median(together.map((result, round) => of(result) / of(alone[round]))).toFixed(3);
    const { changes } = cases[at];
    if (changes !== 0)
      announceUs = median(alone.map((result) => (result.serverBusy / result.answersPerSecond) * 1e6));
    const target = changes === 0 ? '≥ 0.99' : '≥ 0.85';
    return [
      [`answers/s in a cluster to alone, ${changes} % changes`, ratio((one) => one.answersPerSecond), target],
      [
        `the same by processor time, ${changes} % changes`,
        ratio((one) => one.answersPerSecond / one.serverBusy),
        target,
      ],
    ] as Row[];
  });
}

/** Percent of a core that a node needs more than one alone, both at the same time, beside another node that is idle too. */
async function idle(): Promise<Row> {
  const seconds = Number(values['idle-seconds']);
  const options = ['--http-port', 'any', '--udp-port', 'any', '--workers', '1'];
  const used = (pids: number[]) => pids.map((pid) => processorSeconds(pid));
  const [alone, together] = await withTracker(
    options,
    (single) =>
      withTracker([...options, ...inCluster('other')], () =>
        withTracker(
          [...options, ...inCluster('measured')],
          async (measured) => {
            const pids = [single.pid, measured.pid];
            await pause(settleMs);
            const before = used(pids);
            await pause(seconds * 1000);
            return used(pids).map((after, i) => ((after - before[i]) / seconds) * 100);
          },
          0,
        ),
      ),
    0,
  );
  const said = `${(together - alone).toFixed(2)} % (${together.toFixed(2)} − ${alone.toFixed(2)})`;
  return ['a core, for an idle node of two', said, '≤ 1 %'];
}

async function record(): Promise<Row[]> {
  const costs = await measureCosts(Number(values['apply-peers']), Number(values['apply-rounds']));
  const perRecord = median(costs.record);
  const ratio = median(costs.record.map((cost, round) => cost / costs.announce[round]));
  const rows: Row[] = [
    ['a record of another node, µs of processor time', perRecord.toFixed(2), ''],
    ['the same to an announce to the store', ratio.toFixed(2), ''],
  ];
  if (!Number.isNaN(announceUs))
    rows.push(['the same to an announce over UDP', (perRecord / announceUs).toFixed(2), '≤ 0.4']);
  return rows;
}

async function visible(): Promise<Row> {
  const options = ['--http-port', 'any', '--udp-port', 'any', '--workers', '1', '--rate-limit', 'off'];
  const times = await withTracker([...options, ...inCluster('here')], (here) =>
    withTracker([...options, ...inCluster('there')], (there) =>
      timesUntilVisible(
        here.portOf('UDP'),
        there.portOf('UDP'),
        Number(values.samples),
        Number(values['per-second']),
      ),
    ),
  );
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))].toFixed(0);
  return [
    'acknowledged here, visible there: p99 in ms',
    `${at(0.99)} (p50 ${at(0.5)}, longest ${at(1)})`,
    '≤ 300',
  ];
}
