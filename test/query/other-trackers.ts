// Starts trackers for tracker-query to meet: two that no one here wrote, and our own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Program, startProgram } from '../program.ts';
import { mainScript } from '../tracker-program.ts';

export interface OtherTracker {
  http: string;
  udp: string;
  close(): Promise<void>;
}

/** The only torrent that opentracker is told to serve. */
export const listedInfoHash = '0123456789abcdef0123456789abcdef01234567';

/** Debian's opentracker serves IPv4 only, and only the info_hashes of a list. */
export async function startOpentracker(): Promise<OtherTracker> {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-opentracker-'));
  spawnSync('chmod', ['755', directory]);
  writeFileSync(join(directory, 'whitelist'), `${listedInfoHash}\n`, { mode: 0o644 });
  // It can neither choose a port nor name the one it has.
  const port = String(await freePort());
  const words = ['-i', '127.0.0.1', '-p', port, '-P', port, '-d', directory, '-w', 'whitelist'];
  const program = startProgram('opentracker', words);
  await answering(`http://127.0.0.1:${port}/stats`, program);
  return {
    http: `http://127.0.0.1:${port}/announce`,
    udp: `udp://127.0.0.1:${port}/announce`,
    close: async () => {
      await program.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const version = '11.2.3';
const installed = join(tmpdir(), `caracal-bench-bittorrent-tracker-${version}`);
const server = join(installed, 'node_modules', 'bittorrent-tracker', 'server.js');

/**
 * A reason to skip, or false. It is no development dependency: its client part brings 80 packages, one of them native
 * with an install script. Its server alone is loaded, from a directory outside the project that the benchmarks share.
 */
export function skipWithoutBittorrentTracker(): string | false {
  if (existsSync(server)) return false;
  const fresh = mkdtempSync(join(tmpdir(), 'caracal-install-'));
  const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const words = ['install', '--prefix', fresh, ...flags, `bittorrent-tracker@${version}`];
  const { status } = spawnSync('npm', words, { timeout: 120_000, shell: process.platform === 'win32' });
  if (status === 0 && !existsSync(installed)) renameSync(fresh, installed);
  else rmSync(fresh, { recursive: true, force: true });
  if (existsSync(server) || process.env.CI === 'true') return false;
  return 'npm could not install bittorrent-tracker';
}

export async function startBittorrentTracker(host: string): Promise<OtherTracker & { ws: string }> {
  const script = `import Server from ${JSON.stringify(pathToFileURL(server).href)};
    const server = new Server({ udp: true, http: true, ws: true, stats: false });
    for (const event of ['error', 'warning']) server.on(event, () => {});
    server.listen(0, { http: ${JSON.stringify(host)}, udp4: '127.0.0.1', udp6: '::1' }, () => {
      console.log('ports', server.http.address().port, server.udp4.address().port, server.udp6.address().port, '.');
    });`;
  const program = startProgram(process.execPath, ['--input-type=module', '--eval', script]);
  const [, http, udp4, udp6] = await program.printed(/ports (\d+) (\d+) (\d+) \./);
  const shown = formatHost(host);
  return {
    http: `http://${shown}:${http}/announce`,
    ws: `ws://${shown}:${http}/`,
    udp: `udp://${shown}:${host === '::1' ? udp6 : udp4}/announce`,
    close: async () => void (await program.kill()),
  };
}

export interface OwnTracker extends OtherTracker {
  https: string;
}

export async function startOwn(host: string, options: readonly string[] = []): Promise<OwnTracker> {
  const words = ['--host', host, '--http-port', 'any', '--udp-port', 'any', ...options];
  const program = startProgram(process.execPath, [mainScript, ...words]);
  await program.printed(/Tracker running/);
  const port = (protocol: string) =>
    new RegExp(`${protocol} (?:tracker|redirect to \\S+) listening on \\S+?:(\\d+)(?:/|$)`, 'm').exec(
      program.stdout,
    )?.[1] ?? '0';
  const shown = formatHost(host);
  return {
    http: `http://${shown}:${port('HTTP')}/announce`,
    https: `https://${shown}:${port('HTTPS')}/announce`,
    udp: `udp://${shown}:${port('UDP')}/announce`,
    close: async () => void (await program.kill()),
  };
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(url: string, program: Program): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await program.kill();
  throw new Error(`nothing answers at ${url}`);
}
