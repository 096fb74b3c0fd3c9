// `npm run bench webtorrent`: messages a second of one core, and memory an idle connection, against bittorrent-tracker.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findFastPath } from '../src/net/availability.ts';
import { canPin, describeCommit, describeMachine, pinned } from './machine.ts';
import { formatCount, formatMarkdownTable, formatTable, median, type Rows } from './table.ts';
import { processorSeconds } from './thread-time.ts';
import { end, lastWords } from './udp-run.ts';
import { type BenchServer, bittorrentTracker } from './udp-servers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '400' },
    swarms: { type: 'string', default: '20' },
    offers: { type: 'string', default: '5' },
    idle: { type: 'string', default: '5000' },
    save: { type: 'boolean', default: false },
  },
});

const names = { workers: 'caracal, 1 worker', node: 'caracal, node sockets' } as const;
const target = 3;
const targetIdleKiB = 6;

interface Result {
  messages: number;
  perProcessorSecond: number;
  offers: number;
  answers: number;
  idleKiB: number;
}

function caracal(name: string, workers: number): BenchServer {
  const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
  const options = ['--host', '127.0.0.1', '--udp-port', '0', '--workers', String(workers)];
  return {
    name,
    missing: workers > 0 ? findFastPath().reason : undefined,
    command: (port) => [process.execPath, main, ...options, '--http-port', String(port)],
  };
}

const servers = [
  caracal(names.workers, 1),
  caracal(names.node, 0),
  bittorrentTracker({ http: true, ws: true }),
].filter(({ name, missing }) => {
  if (missing) console.error(`left out: ${name}: ${missing}`);
  return !missing;
});
if (!canPin()) console.error('not pinned to cores: it takes two cores and taskset');

const results = new Map<string, Result[]>();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const server of servers) {
    process.stderr.write(`round ${round}/${values.rounds}  ${server.name.padEnd(24)}`);
    const result = await measure(server);
    results.set(server.name, [...(results.get(server.name) ?? []), result]);
    process.stderr.write(
      `${formatCount(result.messages).padStart(8)} messages/s, ${result.idleKiB.toFixed(1)} KiB idle\n`,
    );
  }
}

const head = [
  'server',
  'messages/s',
  'a processor second',
  'of them offers',
  'answers',
  'KiB an idle connection',
];
const rows: Rows = [...results].map(([name, all]) => [
  name,
  formatCount(median(all.map(({ messages }) => messages))),
  formatCount(median(all.map(({ perProcessorSecond }) => perProcessorSecond))),
  formatCount(median(all.map(({ offers }) => offers))),
  formatCount(median(all.map(({ answers }) => answers))),
  median(all.map(({ idleKiB }) => idleKiB)).toFixed(1),
]);
const ratioHead = ['caracal, 1 worker, against', 'messages', 'a processor second', 'target'];
const ratios: Rows = servers.slice(1).map(({ name }, index) => {
  const ours = results.get(names.workers) ?? [];
  const theirs = results.get(name)!;
  const ratio = (of: 'messages' | 'perProcessorSecond') =>
    ours.length === 0 ? '–' : `${median(ours.map((one, round) => one[of] / theirs[round][of])).toFixed(2)} x`;
  return [name, ratio('messages'), ratio('perProcessorSecond'), index === 0 ? '–' : `${target} x`];
});
const command = `npm run bench webtorrent -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '');
const about = `${command}\ncommit ${describeCommit()}; ${describeMachine()}
${values.connections} connections in ${values.swarms} swarms, ${values.offers} offers of 692 characters an announce, all answered; a message is one that the server sent: reply, offer or answer; server and load on one core each
idle: resident memory of the server's process before and after ${values.idle} connections; target ${targetIdleKiB} KiB`;
console.log(`\n${about}\n\n${formatTable(head, rows)}\n\n${formatTable(ratioHead, ratios)}`);
if (values.save) save();

async function measure(server: BenchServer): Promise<Result> {
  const { connections, swarms, offers, seconds, idle: idleConnections } = values;
  const words = ['--connections', connections, '--swarms', swarms, '--offers', offers, '--seconds', seconds];
  let busySeconds = 0;
  const busy = await withServer(server, async (port, child) => {
    const clients = load(port, words);
    try {
      let before = 0;
      let output = '';
      for await (const chunk of clients.stdout!) {
        output += chunk;
        if (before === 0 && output.includes('BEGIN')) before = processorSeconds(child.pid!);
        if (output.includes('RESULT')) break;
      }
      busySeconds = processorSeconds(child.pid!) - before;
      return output.trim().split('\n').at(-1)!;
    } finally {
      await end(clients);
    }
  });
  const found = /^RESULT (\d+) (\d+) (\d+)$/.exec(busy);
  if (!found) throw new Error(`the load said: ${busy}`);
  const [messages, offersSent, answers] = found.slice(1).map(Number);
  // Of a new process: in one that has worked, the heap has room already.
  const idleKiB = await withServer(server, async (port, child) => {
    await firstLineOf(load(port, ['--connections', '100', '--idle']));
    await pause(1000);
    const before = residentKiB(child);
    const holder = load(port, ['--connections', idleConnections, '--idle']);
    await firstLine(holder);
    await pause(1000);
    const grown = residentKiB(child) - before;
    await end(holder);
    return grown / Number(idleConnections);
  });
  // What others do on the machine changes the one, and hardly the other.
  const perProcessorSecond = (messages * Number(seconds)) / busySeconds;
  return { messages, perProcessorSecond, offers: offersSent, answers, idleKiB };
}

/** Its own process, on a core of its own, for as long as `use` takes. */
async function withServer<T>(
  server: BenchServer,
  use: (port: number, child: ChildProcess) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const [command, ...args] = pinned(0, server.command(port));
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = lastWords(child);
  try {
    await listening(port, said);
    return await use(port, child);
  } finally {
    await end(child);
  }
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  try {
    return await firstLine(child);
  } finally {
    await end(child);
  }
}

function load(port: number, options: readonly string[]): ChildProcess {
  const program = fileURLToPath(new URL('webtorrent-load.js', import.meta.url));
  const [command, ...args] = pinned(1, [process.execPath, program, '--port', String(port), ...options]);
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout!) {
    output += chunk;
    if (output.includes('\n')) break;
  }
  return output.split('\n')[0];
}

function residentKiB({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number, said: () => string): Promise<void> {
  for (const limit = performance.now() + 15_000; performance.now() < limit; await pause(50)) {
    const socket = connect(port, '127.0.0.1');
    const connected = await new Promise((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (connected) return;
  }
  throw new Error(`it does not listen: ${said()}`);
}

function save(): void {
  const folder = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const lines = about.split('\n').map((line) => `- ${line}`);
  const tables = [formatMarkdownTable(head, rows), formatMarkdownTable(ratioHead, ratios)];
  const text = `# WebTorrent, ${date}\n\n${lines.join('\n')}\n- Medians of ${values.rounds} interleaved rounds of ${values.seconds} s\n\n${tables.join('\n\n')}\n`;
  writeFileSync(`${folder}/${date}-webtorrent.md`, text);
}
