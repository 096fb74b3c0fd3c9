// Real clients share a file and find each other through our tracker alone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestAuthority } from '../certificates.ts';
import { pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { startTracker, type TrackerProgram } from '../tracker-program.ts';
import { aria2, type Client, libtorrent, transmission } from './clients.ts';
import { exchangeFile } from './exchange.ts';
import type { Torrent } from './torrent.ts';

const leechers: Client[] = [aria2, libtorrent, transmission];
const timeoutMs = 60_000;

/** Ways to run the tracker that must all serve the same clients. */
const ways: { name: string; options: string[] }[] = [
  { name: 'on the main thread', options: ['--workers', '0'] },
  { name: 'with socket workers', options: ['--workers', '2'] },
];

// All at once: the clients mostly wait for their own timers.
describe('real clients find each other through the tracker alone', { concurrency: true }, () => {
  const names = leechers.map((client) => client.name).join(', ');
  const skip = skipWithout(...leechers.map((client) => client.tool));
  for (const { name, options } of ways) {
    for (const scheme of ['http', 'udp'] as const) {
      const title = `${names} get a file from an aria2 seeder over ${scheme}, served ${name}`;
      test(title, { skip, timeout: timeoutMs + 15_000 }, () => shareFile(scheme, options));
    }
  }
  const title = `${names} get a file from an aria2 seeder over https, trusting the certificate's authority`;
  test(title, { skip, timeout: timeoutMs + 15_000 }, async () => {
    const authority = new TestAuthority();
    try {
      const { chain, key } = authority.issue();
      const [cert, keyPath] = [join(authority.directory, 'chain'), join(authority.directory, 'key')];
      writeFileSync(cert, chain);
      writeFileSync(keyPath, key);
      const options = ['--https-port', 'any', '--cert', cert, '--key', keyPath];
      await shareFile('https', options, authority.rootPath);
    } finally {
      authority.close();
    }
  });
});

type Scheme = 'http' | 'https' | 'udp';

async function shareFile(scheme: Scheme, options: readonly string[], caPath?: string): Promise<void> {
  // The seeder must hear of peers that will not connect to it by themselves, so it asks often.
  const tracker = await startTracker([...options, '--interval', '2', '--min-interval', '1']);
  try {
    const exchange = { announceUrl: announceUrl(scheme, tracker), leechers, timeoutMs, caPath };
    await exchangeFile(exchange, (torrent, deadline) =>
      everyoneIsSeeder(tracker, torrent, leechers.length + 1, deadline),
    );
  } finally {
    await tracker.program.kill();
  }
}

function announceUrl(scheme: Scheme, { httpPort, httpsPort, udpPort }: TrackerProgram): string {
  const port = { http: httpPort, https: httpsPort, udp: udpPort }[scheme];
  return `${scheme}://127.0.0.1:${port}/announce`;
}

/** Each client told the tracker that it is complete: nobody used another way to find peers in secret. */
async function everyoneIsSeeder(
  { httpPort }: TrackerProgram,
  torrent: Torrent,
  count: number,
  deadline: number,
) {
  const hash = [...torrent.infoHash].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  let reply = '';
  while (Date.now() < deadline) {
    const response = await fetch(`http://127.0.0.1:${httpPort}/scrape?info_hash=${hash}`);
    reply = Buffer.from(await response.arrayBuffer()).toString('latin1');
    if (reply.includes(`8:completei${count}e`)) return;
    await pause(200);
  }
  assert.fail(`the tracker does not know ${count} seeders: ${JSON.stringify(reply)}`);
}
