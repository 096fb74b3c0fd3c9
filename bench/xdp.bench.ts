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
    /** On whose core the kernel receives: on the `sender`'s, as a cable does, or on the `receiver`'s, as a card does. */
    receiving: { type: 'string', default: 'sender' },
  },
});
if (values.receiving !== 'sender' && values.receiving !== 'receiver')
  throw new RangeError(`--receiving is sender or receiver, not ${values.receiving}`);
const [serverCore, loadCore] = [0, 1];

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
  network.routeEverything();
  if (values.receiving === 'receiver') network.receiveOn(serverCore, loadCore);
} catch (error) {
  console.error(`xdp: left out: ${(error as Error).message}`);
  network.close();
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

/** By server and load. */
const results = new Map<string, Result[]>();
/** As many as a client might ask, so that what it waits for is not its own queue. */
const calm = ['--rate', '20000', '--window', '64'];
/** Some eight seconds after a start V8 gives back memory that it took at first, which costs milliseconds once. */
const settlesMs = 16_000;
/** As much as it can, but for looking at answers often enough not to measure itself. */
const flood = ['--chunk', '8', '--flood'];
const fullSpeed = { name: 'full speed', options: [] as readonly string[] } as const;
/** What is measured of each server after that; forged senders, from whom nothing comes back. */
const loads = [
  { name: 'quiet', options: calm },
  { name: 'forged, implausible', options: [...calm, ...flood, 'implausible'] },
  { name: 'forged connects', options: [...calm, ...flood, 'connect'] },
] as const;
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const server of servers) {
    process.stderr.write(`round ${round}/${values.rounds}  ${server.name.padEnd(30)}`);
    const all = server.isFlooded === false ? [fullSpeed] : [fullSpeed, ...loads];
    for (const { name, result } of await measure(server.command, server.directory, all)) {
      const key = `${server.name}|${name}`;
      results.set(key, [...(results.get(key) ?? []), result]);
    }
    const last = (name: string) => results.get(`${server.name}|${name}`)!.at(-1)!;
    process.stderr.write(`${formatCount(last(fullSpeed.name).perSecond).padStart(9)} answers/s`);
    for (const { name } of all.slice(1))
      process.stderr.write(`, ${name} p99 ${last(name).p99Ms.toFixed(2)} ms`);
    process.stderr.write('\n');
  }
}

const ours = results.get(`${servers[0].name}|${fullSpeed.name}`)!;
const rows = servers.map(({ name }) => {
  const all = results.get(`${name}|${fullSpeed.name}`)!;
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
const floodRows = flooded.flatMap((server) => {
  const quietMs = median(results.get(`${server.name}|quiet`)!.map(({ p99Ms }) => p99Ms));
  return loads.map(({ name }) => {
    const all = results.get(`${server.name}|${name}`)!;
    const of = (pick: (result: Result) => number) => median(all.map(pick));
    return [
      server.name,
      name,
      formatCount(of(({ floodedPerSecond }) => floodedPerSecond)),
      formatCount(of(({ perSecond }) => perSecond)),
      of(({ p99Ms }) => p99Ms).toFixed(2),
      name === 'quiet' ? '' : `${(of(({ p99Ms }) => p99Ms) / quietMs).toFixed(2)} x`,
      String(all.reduce((sum, { lost }) => sum + lost, 0)),
      of(({ busy }) => busy).toFixed(2),
    ];
  });
});
const floodHead = ['server', 'beside', 'forged/s', 'answers/s', 'p99 ms', 'of quiet', 'lost', 'cores busy'];
console.log(`commit ${describeCommit()}; ${describeMachine()}
${values.torrents} torrents, ${values.peers} peers, numwant ${values.numwant}; veth, XDP in copy mode, server and load on one core each, the kernel receives on the ${values.receiving}'s\n`);
console.log(`${formatTable(head, rows)}\n\n${formatTable(floodHead, floodRows)}`);

interface Load {
  readonly name: string;
  /** Of xdp-load. */
  readonly options: readonly string[];
}

/** Starts the server on one core of its namespace, and loads it from the other's with one load after the other. */
async function measure(
  command: readonly string[],
  cwd: string | undefined,
  loads: readonly Load[],
): Promise<{ name: string; result: Result }[]> {
  const [program, ...words] = network.inside(network.server, pinned(serverCore, command));
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd ? { cwd } : {}) });
  const said = lastWords(child);
  try {
    const readsQueues = command.includes('--xdp') || command.includes(responder);
    const isReady = () => !readsQueues || said().includes("network card's queues");
    for (const limit = performance.now() + 10_000; !isReady() && performance.now() < limit; ) await pause(50);
    const measured: { name: string; result: Result }[] = [];
    const begun = performance.now();
    for (const { name, options } of loads) {
      if (options === calm) await pause(Math.max(0, settlesMs - (performance.now() - begun)));
      const { result, throughSockets } = await loadWith(options, child.pid!);
      if (result === undefined) throw new Error(`nothing was measured; the server said: ${said()}`);
      // Of forged senders some go to the kernel on purpose.
      if (command.includes('--xdp') && !options.includes('--flood') && throughSockets > result.answers / 10)
        throw new Error(
          `${throughSockets} of ${result.answers} went through sockets; the server said: ${said()}`,
        );
      measured.push({ name, result });
    }
    return measured;
  } finally {
    await end(child);
  }
}

/** @param server the process that `ip` and `taskset` have become */
async function loadWith(
  options: readonly string[],
  server: number,
): Promise<{ result: Result | undefined; throughSockets: number }> {
  const asking = [
    ...['--interface', network.clientInterface, '--server-mac', macOf(network.server, network.interface)],
    ...['--server-address', `${taken.ipv4}.1`, '--address', `${taken.ipv4}.2`],
    ...['--seconds', values.seconds, '--torrents', values.torrents, '--peers', values.peers],
    ...['--numwant', values.numwant, ...options],
  ];
  const [command, ...words] = network.inside(
    network.client,
    pinned(loadCore, [process.execPath, load, ...asking]),
  );
  // Not while it is measured: a program that starts takes the server's core for milliseconds.
  const before = network.givenToSockets;
  const loader = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let began = Number.NaN;
  let used = Number.NaN;
  loader.stdout.on('data', (chunk) => {
    output += chunk;
    if (Number.isNaN(began)) began = processorSeconds(server);
    if (output.includes('}')) used = processorSeconds(server) - began;
  });
  await once(loader, 'close');
  const json = output.split('\n')[1];
  const throughSockets = network.givenToSockets - before;
  if (!json) return { result: undefined, throughSockets };
  const result = JSON.parse(json) as Result;
  const seconds = Number(values.seconds);
  return {
    result: { ...result, perProcessorSecond: (result.perSecond * seconds) / used, busy: used / seconds },
    throughSockets,
  };
}

function macOf(namespace: string, name: string): string {
  const [command, ...words] = network.inside(namespace, ['cat', `/sys/class/net/${name}/address`]);
  return spawnSync(command, words, { encoding: 'utf8' }).stdout.trim();
}
