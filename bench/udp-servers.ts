// The servers that are compared, how each is started, and why one that is not here is left out.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findFastPath } from '../src/net/availability.ts';
import { formatInfoHashes, meanPeersInReply, type Workload } from './workload.ts';

export interface BenchServer {
  readonly name: string;
  /** Why it cannot take part; undefined when it can. */
  readonly missing?: string | undefined;
  /** The command that serves UDP on this port of 127.0.0.1. */
  command(port: number): string[];
  readonly directory?: string;
}

export const names = {
  workers: 'caracal, 1 worker',
  dgram: 'caracal, node:dgram',
  responder: 'bare responder',
  opentracker: 'opentracker',
  bittorrentTracker: 'bittorrent-tracker',
} as const;

/** All servers, also those that are missing. @param extra more options for our own tracker. */
export function findServers(workload: Workload, numwant: number, extra: readonly string[]): BenchServer[] {
  return [
    caracal(names.workers, 1, extra),
    caracal(names.dgram, 0, extra),
    responder(meanPeersInReply(workload, numwant)),
    opentracker(workload),
    bittorrentTracker(),
  ];
}

/** Our tracker with so many socket workers; 0 is the portable path. */
export function caracal(name: string, workers: number, extra: readonly string[]): BenchServer {
  const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
  const missing = workers > 0 ? findFastPath().reason : undefined;
  const options = ['--host', '127.0.0.1', '--http-port', '0', '--workers', String(workers), ...extra];
  return {
    name,
    missing: existsSync(main) ? missing : 'src/server/main.ts is not there yet',
    command: (port) => [process.execPath, main, ...options, '--udp-port', String(port)],
  };
}

function responder(peers: number): BenchServer {
  const program = fileURLToPath(new URL('udp-responder.js', import.meta.url));
  return {
    name: names.responder,
    missing: findFastPath().reason,
    command: (port) => [
      process.execPath,
      program,
      '--port',
      String(port),
      '--peers',
      String(Math.round(peers)),
    ],
  };
}

// Debian builds it to serve only the info_hashes of a list, which it reads after it has changed its root directory.
export function opentracker(workload: Workload): BenchServer {
  const missing = spawnSync('opentracker', ['-h']).error
    ? 'the package opentracker is not installed'
    : undefined;
  if (missing) return { name: names.opentracker, missing, command: () => [] };
  const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755); // it gives up root before it reads the list
  writeFileSync(join(directory, 'whitelist'), `${formatInfoHashes(workload).join('\n')}\n`, { mode: 0o644 });
  return {
    name: names.opentracker,
    directory,
    command: (port) => {
      const [tcp, udp] = ['-p', '-P'].map((flag) => [flag, String(port)]) as [string[], string[]];
      return ['opentracker', '-i', '127.0.0.1', ...tcp, ...udp, '-d', directory, '-w', 'whitelist'];
    },
  };
}

const bittorrentTrackerVersion = '11.2.3';

// Installed for this purpose only, outside the project, and kept for the next time. Its server alone is loaded: the
// client wants a native WebRTC module.
export function bittorrentTracker({ http = false, ws = false } = {}): BenchServer {
  const directory = join(tmpdir(), `caracal-bench-bittorrent-tracker-${bittorrentTrackerVersion}`);
  const script = join(directory, 'node_modules', 'bittorrent-tracker', 'server.js');
  if (!existsSync(script)) {
    mkdirSync(directory, { recursive: true });
    const wanted = `bittorrent-tracker@${bittorrentTrackerVersion}`;
    const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    spawnSync('npm', ['install', '--prefix', directory, ...flags, wanted], { timeout: 120_000 });
  }
  const program = (port: number) =>
    `import Server from ${JSON.stringify(pathToFileURL(script).href)};
    const server = new Server({ udp: ${!http}, http: ${http}, ws: ${ws}, stats: false });
    for (const event of ['error', 'warning']) server.on(event, () => {});
    server.listen(${port}, '127.0.0.1');`;
  return {
    name: names.bittorrentTracker,
    missing: existsSync(script) ? undefined : 'npm could not install it',
    command: (port) => [process.execPath, '--input-type=module', '--eval', program(port)],
  };
}
