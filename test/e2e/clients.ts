// How each real client is told to share one torrent with nothing but its tracker to find peers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from '../program.ts';
import type { Torrent } from './torrent.ts';

export interface Client {
  name: string;
  /** What must be installed. */
  tool: string;
  /**
   * Shares the torrent in `directory`, listening for peers on `port`. Runs until it is killed. `caPath`: PEM of the
   * authority that it trusts with HTTPS trackers. `address`: that it listens on and asks from, where that can be said.
   */
  start(
    torrent: Pick<Torrent, 'path'>,
    directory: string,
    port: number,
    caPath?: string,
    address?: string,
  ): Program;
}

// aria2 speaks to UDP trackers only with its DHT socket open; the private flag keeps the torrent out of the DHT.
function startAria2(
  torrent: Pick<Torrent, 'path'>,
  directory: string,
  port: number,
  caPath?: string,
): Program {
  const dht = [
    `--dht-listen-port=${port}`,

    `--dht-file-path=${join(directory, 'dht.dat')}`,
  ];
  return startProgram('aria2c', [
    ...['--no-conf', '--quiet=true', '--console-log-level=warn', '--summary-interval=0'],
    ...['--enable-dht=true', ...dht, '--bt-enable-lpd=false', '--enable-peer-exchange=false'],
    ...[`--listen-port=${port}`, '--seed-ratio=0.0', '--check-integrity=true', '--file-allocation=none'],
    ...['--bt-tracker-interval=2', '--bt-tracker-timeout=5', '--bt-tracker-connect-timeout=5'],
    ...(caPath === undefined ? [] : [`--ca-certificate=${caPath}`]),
    ...[`--dir=${directory}`, torrent.path],
  ]);
}

// Transmission opens no connection to a loopback peer itself: it is found by the others through the tracker.
function startTransmission(
  torrent: Pick<Torrent, 'path'>,
  directory: string,
  port: number,
  caPath?: string,
): Program {
  const settings = join(directory, 'settings');
  mkdirSync(settings);
  writeFileSync(
    join(settings, 'settings.json'),
    JSON.stringify({
      'dht-enabled': false,
      'lpd-enabled': false,
      'pex-enabled': false,
      'utp-enabled': false,
    }),
  );
  const options = [
    '--config-dir',
    settings,
    '--download-dir',
    directory,
    '--port',
    String(port),
    '--no-portmap',
  ];
  // Of itself it verifies no certificate.
  const env = caPath === undefined ? {} : { TR_CURL_SSL_VERIFY: '1', CURL_CA_BUNDLE: caPath };
  return startProgram('transmission-cli', [...options, torrent.path], { env });
}

const libtorrentScript = fileURLToPath(new URL('../../../test/e2e/libtorrent-client.py', import.meta.url));

// Debian's own Python, for which its package is built; another one may come first on the PATH.
function startLibtorrent(
  torrent: Pick<Torrent, 'path'>,
  directory: string,
  port: number,
  caPath?: string,
  address = '127.0.0.1',
): Program {
  const words = ['-u', libtorrentScript, torrent.path, directory, String(port), address];
  return startProgram('/usr/bin/python3', words, { env: { SSL_CERT_FILE: caPath } });
}

export const aria2: Client = { name: 'aria2', tool: 'aria2c', start: startAria2 };
export const transmission: Client = {
  name: 'Transmission',
  tool: 'transmission-cli',
  start: startTransmission,
};
export const libtorrent: Client = { name: 'libtorrent', tool: 'python3-libtorrent', start: startLibtorrent };

/** Ports that were free a moment ago: clients cannot be asked which one the system chose for them. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) server.close();
  return ports;
}
