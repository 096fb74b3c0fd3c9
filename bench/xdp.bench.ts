// `npm run bench xdp`: UDP announces over a cable between two network namespaces, answered from the card's queue and
// through sockets, one core for the server and one for the load, which is made on a queue itself.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine, pinned } from './machine.ts';
import { formatCount, formatTable, median } from './table.ts';
import { processorSeconds } from './thread-time.ts';
import { end, lastWords } from './udp-run.ts';
import { findServers, names } from './udp-servers.ts';
import { createWorkload } from './workload.ts';
import { taken, XdpNetwork } from './xdp-network.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '50000' },
    numwant: { type: 'string', default: '50' },
  },
});

interface Result {
  readonly answers: number;
  readonly perSecond: number;
  readonly floodedPerSecond: number;
  readonly errors: number;
  readonly lost: number;
  readonly p99Ms: number;
  /** Answers by second of the server's processor time. */
  readonly perProcessorSecond: number;
  /** Of one core. */
  readonly busy: number;
}

const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
const responder = fileURLToPath(new URL('./xdp-responder.js', import.meta.url));
const load = fileURLToPath(new URL('./xdp-load.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const network = new XdpNetwork(1);
try {
  network.open();
} catch (error) {
  console.error(`xdp: left out: ${(error as Error).message}`);
  process.exit(0);
}
process.once('exit', () => network.close());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const workload = createWorkload(1, Number(values.torrents), Number(values.peers));
const tracker = ['--http-port', '0', '--udp-port', '6969', '--workers', '1', '--rate-limit', 'off'];
const opentracker = findServers(workload, Number(values.numwant), []).find(
  ({ name }) => name === names.opentracker,
)!;
const servers: { name: string; command: string[]; directory?: string | undefined; isFlooded?: boolean }[] = [
  { name: 'caracal --xdp', command: [process.execPath, main, ...tracker, '--xdp', network.interface] },
  { name: 'caracal, sockets', command: [process.execPath, main, ...tracker] },
  {
    name: 'a bare responder on the rings',
    command: [process.execPath, responder, '--interface', network.interface, '--peers', values.numwant],
    isFlooded: false,
  },
];
if (opentracker.missing === undefined) {
  const words = opentracker.command(6969).map((word) => (word === '127.0.0.1' ? '0.0.0.0' : word));
  servers.push({ name: names.opentracker, command: words, directory: opentracker.directory });
} else console.error(`left out: opentracker: ${opentracker.missing}`);

const results = new Map<string, Result[]>();
const floods = new Map<string, Result[]>();
/** Few at once, so that what a client waits is not its own queue. */
const calm = ['--window', '16'];
/** What is measured of each server besides its answers; forged senders, from whom nothing comes back. */
const loads = [
  { name: 'quiet', options: calm },
  { name: 'forged, implausible', options: [...calm, '--flood', 'implausible'] },
  { name: 'forged connects', options: [...calm, '--flood', 'connect'] },
] as const;
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const server of servers) {
    process.stderr.write(`round ${round}/${values.rounds}  ${server.name.padEnd(30)}`);
    const result = await measure(server.command, server.directory, []);
    results.set(server.name, [...(results.get(server.name) ?? []), result]);
    process.stderr.write(`${formatCount(result.perSecond).padStart(9)} answers/s`);
    for (const { name, options } of server.isFlooded === false ? [] : loads) {
      const key = `${server.name}|${name}`;
      const result = await measure(server.command, server.directory, options);
      floods.set(key, [...(floods.get(key) ?? []), result]);
      process.stderr.write(`, ${name} p99 ${result.p99Ms.toFixed(2)} ms`);
    }
    process.stderr.write('\n');
  }
}

const ours = results.get(servers[0].name)!;
const rows = servers.map(({ name }) => {
  const all = results.get(name)!;
  const rates = all.map(({ perSecond }) => perSecond);
  const ratio = (of: 'perSecond' | 'perProcessorSecond') =>
    name === servers[0].name
      ? ''
      : `${median(all.map((one, round) => ours[round][of] / one[of])).toFixed(2)} x`;
  return [
    name,
    ...[median(rates), Math.min(...rates), Math.max(...rates)].map(formatCount),
    median(all.map(({ busy }) => busy)).toFixed(2),
    formatCount(median(all.map(({ perProcessorSecond }) => perProcessorSecond))),
    String(all.reduce((sum, { lost }) => sum + lost, 0)),
    ratio('perSecond'),
    ratio('perProcessorSecond'),
  ];
});
const head = [
  ...['server', 'answers/s', 'lowest', 'highest', 'cores busy', 'a processor second', 'lost'],
  ...[`${servers[0].name} is`, 'a processor second'],
];
const flooded = servers.filter(({ isFlooded }) => isFlooded !== false);
const floodRows = flooded.flatMap((server) =>
  loads.map(({ name }) => {
    const all = floods.get(`${server.name}|${name}`)!;
    const of = (pick: (result: Result) => number) => median(all.map(pick));
    return [
      server.name,
      name,
      formatCount(of(({ floodedPerSecond }) => floodedPerSecond)),
      formatCount(of(({ perSecond }) => perSecond)),
      of(({ p99Ms }) => p99Ms).toFixed(2),
      String(all.reduce((sum, { lost }) => sum + lost, 0)),
      of(({ busy }) => busy).toFixed(2),
    ];
  }),
);
const floodHead = ['server', 'beside', 'forged/s', 'answers/s', 'p99 ms', 'lost', 'cores busy'];
console.log(`commit ${describeCommit()}; ${describeMachine()}
${values.torrents} torrents, ${values.peers} peers, numwant ${values.numwant}; veth, XDP in copy mode, server and load on one core each\n`);
console.log(`${formatTable(head, rows)}\n\n${formatTable(floodHead, floodRows)}`);

/** Starts the server on one core of its namespace and loads it from the other's. */
async function measure(
  command: readonly string[],
  cwd: string | undefined,
  more: readonly string[],
): Promise<Result> {
  let before = 0;
  const [program, ...words] = network.inside(network.server, pinned(0, command));
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd ? { cwd } : {}) });
  const said = lastWords(child);
  try {
    const readsQueues = command.includes('--xdp') || command.includes(responder);
    const isReady = () => !readsQueues || said().includes("network card's queues");
    for (const limit = performance.now() + 10_000; !isReady() && performance.now() < limit; ) await pause(50);
    const asking = [
      ...['--interface', network.clientInterface, '--server-mac', macOf(network.server, network.interface)],
      ...['--server-address', `${taken.ipv4}.1`, '--address', `${taken.ipv4}.2`],
      ...['--seconds', values.seconds, '--torrents', values.torrents, '--peers', values.peers],
      ...['--numwant', values.numwant, ...more],
    ];
    const loading = network.inside(network.client, pinned(1, [process.execPath, load, ...asking]));
    const loader = spawn(loading[0], loading.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let began = Number.NaN;
    let used = Number.NaN;
    loader.stdout.on('data', (chunk) => {
      output += chunk;
      // Of the process that `ip` and `taskset` have become.
      if (Number.isNaN(began)) {
        began = processorSeconds(child.pid!);
        before = network.givenToSockets;
      }
      if (output.includes('}')) used = processorSeconds(child.pid!) - began;
    });
    await once(loader, 'close');
    const json = output.split('\n')[1];
    if (!json) throw new Error(`nothing was measured; the server said: ${said()}`);
    const result = JSON.parse(json) as Result;
    const throughSockets = network.givenToSockets - before;
    // Of forged senders some go to the kernel on purpose.
    if (command.includes('--xdp') && !more.includes('--flood') && throughSockets > result.answers / 10)
      throw new Error(
        `${throughSockets} of ${result.answers} went through sockets; the server said: ${said()}`,
      );
    const seconds = Number(values.seconds);
    return { ...result, perProcessorSecond: (result.perSecond * seconds) / used, busy: used / seconds };
  } finally {
    await end(child);
  }
}

function macOf(namespace: string, name: string): string {
  const [command, ...words] = network.inside(namespace, ['cat', `/sys/class/net/${name}/address`]);
  return spawnSync(command, words, { encoding: 'utf8' }).stdout.trim();
}
