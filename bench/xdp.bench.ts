// `npm run bench xdp`: UDP announces over a cable between two network namespaces, answered from the card's queue and
// through sockets, one core for the server and one for the load, which is made on a queue itself.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine, pinned } from './machine.ts';
import { formatCount, formatTable, median } from './table.ts';
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
  readonly perSecond: number;
  readonly sentPerSecond: number;
  readonly errors: number;
  readonly lost: number;
}

const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
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
const servers: { name: string; command: string[]; directory?: string | undefined }[] = [
  { name: 'caracal --xdp', command: [process.execPath, main, ...tracker, '--xdp', network.interface] },
  { name: 'caracal, sockets', command: [process.execPath, main, ...tracker] },
];
if (opentracker.missing === undefined) {
  const words = opentracker.command(6969).map((word) => (word === '127.0.0.1' ? '0.0.0.0' : word));
  servers.push({ name: names.opentracker, command: words, directory: opentracker.directory });
} else console.error(`left out: opentracker: ${opentracker.missing}`);

const results = new Map<string, Result[]>();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const server of servers) {
    process.stderr.write(`round ${round}/${values.rounds}  ${server.name.padEnd(20)}`);
    const result = await measure(server.command, server.directory, []);
    results.set(server.name, [...(results.get(server.name) ?? []), result]);
    process.stderr.write(`${formatCount(result.perSecond).padStart(9)} answers/s\n`);
  }
}

const head = ['server', 'answers/s', 'lowest', 'highest', 'lost', `${servers[0].name} is`];
const rows = servers.map(({ name }) => {
  const all = results.get(name)!;
  const rates = all.map(({ perSecond }) => perSecond);
  const ratio = median(
    all.map(({ perSecond }, round) => results.get(servers[0].name)![round].perSecond / perSecond),
  );
  return [
    name,
    ...[median(rates), Math.min(...rates), Math.max(...rates)].map(formatCount),
    String(all.reduce((sum, { lost }) => sum + lost, 0)),
    name === servers[0].name ? '' : `${ratio.toFixed(2)} x`,
  ];
});
console.log(`commit ${describeCommit()}; ${describeMachine()}
${values.torrents} torrents, ${values.peers} peers, numwant ${values.numwant}; veth, XDP in copy mode, server and load on one core each\n`);
console.log(formatTable(head, rows));

/** Starts the server on one core of its namespace and loads it from the other's. */
async function measure(
  command: readonly string[],
  cwd: string | undefined,
  more: readonly string[],
): Promise<Result> {
  const [program, ...words] = network.inside(network.server, pinned(0, command));
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd ? { cwd } : {}) });
  const said = lastWords(child);
  try {
    const asking = [
      ...['--interface', network.clientInterface, '--server-mac', macOf(network.server, network.interface)],
      ...['--server-address', `${taken.ipv4}.1`, '--address', `${taken.ipv4}.2`],
      ...['--seconds', values.seconds, '--torrents', values.torrents, '--peers', values.peers],
      ...['--numwant', values.numwant, ...more],
    ];
    const loading = network.inside(network.client, pinned(1, [process.execPath, load, ...asking]));
    const loader = spawn(loading[0], loading.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    loader.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(loader, 'close');
    if (output === '') throw new Error(`nothing was measured; the server said: ${said()}`);
    return JSON.parse(output) as Result;
  } finally {
    await end(child);
  }
}

function macOf(namespace: string, name: string): string {
  const [command, ...words] = network.inside(namespace, ['cat', `/sys/class/net/${name}/address`]);
  return spawnSync(command, words, { encoding: 'utf8' }).stdout.trim();
}
