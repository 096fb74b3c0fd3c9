// Real clients share a file and find each other through our tracker alone.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestAuthority } from '../certificates.ts';
import { type Program, pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { startTracker, type TrackerProgram } from '../tracker-program.ts';
import { aria2, type Client, freePorts, libtorrent, transmission } from './clients.ts';
import { createTorrent, type Torrent } from './torrent.ts';

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
  const directory = mkdtempSync(join(tmpdir(), 'caracal-clients-'));
  const programs: Program[] = [];
  try {
    // The seeder must hear of peers that will not connect to it by themselves, so it asks often.
    const tracker = await startTracker([...options, '--interval', '2', '--min-interval', '1']);
    programs.push(tracker.program);
    const torrent = createTorrent(directory, announceUrl(scheme, tracker));
    const ports = await freePorts(leechers.length + 1);
    programs.push(aria2.start(torrent, torrent.seedDirectory, ports[0], caPath));
    const started = leechers.map((client, index) => {
      const own = join(directory, client.name);
      mkdirSync(own);
      const program = client.start(torrent, own, ports[index + 1], caPath);
      programs.push(program);
      return { client, own, program };
    });
    const deadline = Date.now() + timeoutMs;
    for (const { client, own, program } of started) await gotFile(client, program, own, torrent, deadline);
    await everyoneIsSeeder(tracker, torrent, leechers.length + 1, deadline);
  } finally {
    await Promise.all(programs.map((program) => program.kill()));
    rmSync(directory, { recursive: true, force: true });
  }
}

function announceUrl(scheme: Scheme, { httpPort, httpsPort, udpPort }: TrackerProgram): string {
  const port = { http: httpPort, https: httpsPort, udp: udpPort }[scheme];
  return `${scheme}://127.0.0.1:${port}/announce`;
}

async function gotFile(client: Client, program: Program, own: string, torrent: Torrent, deadline: number) {
  const path = join(own, torrent.fileName);
  while (!isEqualFile(path, torrent.content)) {
    if (!program.running || Date.now() > deadline) {
      assert.fail(program.describe(`(${client.name}) did not get the file`));
    }
    await pause(100);
  }
}

function isEqualFile(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    return false;
  }
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
