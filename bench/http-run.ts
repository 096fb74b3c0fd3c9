// One measurement over HTTP: a server of its own process on one core, wrk on another, both ended afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HttpServer } from './http-servers.ts';
import { pinned } from './machine.ts';
import { processorSeconds } from './thread-time.ts';
import { end, lastWords } from './udp-run.ts';

export interface HttpLoad {
  /** A file of request targets, one a line. */
  readonly paths: string;
  readonly seconds: number;
  readonly connections: number;
  /** One connection a request. */
  readonly close: boolean;
}

export interface HttpResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Requests that brought no answer of status 200. */
  readonly failed: number;
  /** Share of its core that each was busy, as the kernel counts. */
  readonly serverBusy: number;
}

const startLimitMs = 15_000;
/** Until every peer of the load is there and the code compiled: a tracker is measured as it runs, not as it starts. */
const warmUpSeconds = 4;

export const wrkMissing = (): string | undefined =>
  spawnSync('wrk', ['--version']).error ? 'the package wrk is not installed' : undefined;

/** @throws when the server cannot be started or wrk says nothing that can be read */
export async function measureHttp(server: HttpServer, load: HttpLoad): Promise<HttpResult> {
  const port = await freePort();
  const [command, ...args] = pinned(0, server.command(port));
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(server.directory ? { cwd: server.directory } : {}),
  });
  const said = lastWords(child);
  try {
    await listening(port, said);
    await wrk(port, { ...load, seconds: warmUpSeconds });
    const before = processorSeconds(child.pid!);
    const started = performance.now();
    const result = await wrk(port, load);
    const elapsed = (performance.now() - started) / 1000;
    return { ...result, serverBusy: (processorSeconds(child.pid!) - before) / elapsed };
  } finally {
    await end(child);
  }
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
  for (const end = performance.now() + startLimitMs; performance.now() < end; await pause(50)) {
    const socket = connect(port, '127.0.0.1');
    const connected = await new Promise((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (connected) return;
  }
  throw new Error(`it does not listen: ${said()}`);
}

async function wrk(port: number, load: HttpLoad): Promise<Omit<HttpResult, 'serverBusy'>> {
  const [command, ...args] = pinned(1, wrkWords(port, load));
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  return parseWrk(output);
}

/** wrk's command line. */
export function wrkWords(port: number, { paths, seconds, connections, close }: HttpLoad): string[] {
  const script = fileURLToPath(new URL('../../bench/http-load.lua', import.meta.url));
  const words = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script];
  return [...words, `http://127.0.0.1:${port}`, '--', paths, close ? 'close' : 'keep'];
}

/** Reads the line that bench/http-load.lua prints: requests, microseconds, errors by kind, p99 in microseconds. */
export function parseWrk(output: string): Omit<HttpResult, 'serverBusy'> {
  const found = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(output);
  if (!found) throw new Error(`wrk said: ${output.slice(-300)}`);
  const [requests, microseconds, errors, status, p99] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    requestsPerSecond: requests / (microseconds / 1e6),
    failed: errors + status,
    p99Ms: p99 / 1000,
  };
}
