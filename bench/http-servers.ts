// The servers that are compared over HTTP, and how each is started; see udp-servers.ts for those that also speak UDP.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFastPath } from '../src/net/availability.ts';
import { whyNoUring } from '../src/net/uring/uring-trial.ts';
import { type BenchServer, bittorrentTracker, opentracker } from './udp-servers.ts';
import { meanPeersInReply, type Workload } from './workload.ts';

export const names = {
  workers: 'caracal, 1 worker',
  uring: 'caracal, 1 worker, io_uring',
  node: 'caracal, node:http',
  responder: 'bare responder in C',
  opentracker: 'opentracker',
  bittorrentTracker: 'bittorrent-tracker',
} as const;

export interface HttpServer extends BenchServer {
  /** Whether it answers a second request on a connection. */
  readonly keepsAlive: boolean;
}

export function findHttpServers(workload: Workload, numwant: number): HttpServer[] {
  return [
    { ...caracal(names.workers, 1), keepsAlive: true },
    { ...uring(), keepsAlive: true },
    { ...caracal(names.node, 0), keepsAlive: true },
    { ...responder(Math.round(meanPeersInReply(workload, numwant)) * 6 + 130), keepsAlive: true },
    { ...opentracker(workload), keepsAlive: false },
    { ...bittorrentTracker({ http: true }), keepsAlive: true },
  ];
}

function uring(): BenchServer {
  const { calls, reason } = findFastPath();
  return { ...caracal(names.uring, 1, '--io-uring'), missing: calls ? whyNoUring(calls) : reason };
}

function caracal(name: string, workers: number, ...more: string[]): BenchServer {
  const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
  const options = ['--host', '127.0.0.1', '--udp-port', '0', '--workers', String(workers), ...more];
  return {
    name,
    missing: workers > 0 ? findFastPath().reason : undefined,
    command: (port) => [process.execPath, main, ...options, '--http-port', String(port)],
  };
}

/** Compiled for this run; its answers are as long as a tracker's mean one. */
function responder(bodyBytes: number): BenchServer {
  const source = fileURLToPath(new URL('../../bench/http-responder.c', import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'http-responder');
  const compiled = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  return {
    name: names.responder,
    missing: compiled.status === 0 ? undefined : 'there is no C compiler (cc)',
    command: (port) => [program, String(port), String(bodyBytes)],
  };
}
