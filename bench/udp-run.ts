// One measurement: a server of its own process on one core, the load generator on another, both ended afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { encodeConnectRequest } from '../src/protocol/udp-client-packets.ts';
import { pinned } from './machine.ts';
import type { LoadResult } from './udp-load.ts';
import type { BenchServer } from './udp-servers.ts';

const startLimitMs = 15_000;

/**
 * Starts the server, loads it with `loadOptions`, ends it. Throws with what it said when it cannot be measured.
 * @param apart whether each of the two keeps to a core of its own; without, both use all
 */
export async function measure(
  server: BenchServer,
  loadOptions: readonly string[],
  apart = true,
): Promise<LoadResult> {
  const port = await freePort();
  const on = (core: number, words: readonly string[]) => (apart ? pinned(core, words) : [...words]);
  const [command, ...args] = on(0, server.command(port));
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(server.directory ? { cwd: server.directory } : {}),
  });
  const said = lastWords(child);
  try {
    await answering(child, port, said);
    return await load(on(1, loadCommand(port, child.pid!, loadOptions)));
  } finally {
    await end(child);
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

export function lastWords(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk).slice(-500);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  return () => text.trim() || 'it said nothing';
}

/** Waits for the answer to a connect request. */
async function answering(child: ChildProcess, port: number, said: () => string): Promise<void> {
  const client = createSocket('udp4');
  const request = new DataView(new ArrayBuffer(16));
  encodeConnectRequest(request, 0, 1);
  const ask = () => client.send(new Uint8Array(request.buffer), port, '127.0.0.1', () => {});
  const repeat = setInterval(ask, 50);
  try {
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${said()}`)));
    gone.catch(() => {}); // it may also end later, when nobody waits here any more
    const signal = AbortSignal.timeout(startLimitMs);
    const answer = once(client, 'message', { signal }).catch(() => {
      throw new Error(`no answer on UDP within ${startLimitMs / 1000} s: ${said()}`);
    });
    ask();
    await Promise.race([answer, gone]);
  } finally {
    clearInterval(repeat);
    client.close();
  }
}

function loadCommand(port: number, serverPid: number, options: readonly string[]): string[] {
  const program = fileURLToPath(new URL('udp-load.js', import.meta.url));
  const measured = ['--port', String(port), '--server-pid', String(serverPid)];
  return [process.execPath, program, ...measured, ...options];
}

async function load([command, ...args]: readonly string[]): Promise<LoadResult> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the load generator ended with code ${code}`);
  return JSON.parse(output) as LoadResult;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(killing);
}
