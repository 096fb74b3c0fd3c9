// Clients get a file from a seeder whom they can find through one tracker alone.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, pause } from '../program.ts';
import { aria2, type Client, freePorts } from './clients.ts';
import { createTorrent, type Torrent } from './torrent.ts';

export interface Exchange {
  announceUrl: string;
  leechers: readonly Client[];
  timeoutMs: number;
  /** PEM of the authority that the clients trust with HTTPS trackers. */
  caPath?: string | undefined;
  /** That the clients listen on; 127.0.0.1 unless it is said. */
  address?: string;
}

/**
 * Resolves when all have the file, and `check` has; all clients have ended then.
 * @param check is given the time by which it must have seen what it looks for
 */
export async function exchangeFile(
  { announceUrl, leechers, timeoutMs, caPath, address }: Exchange,
  check: (torrent: Torrent, deadline: number) => Promise<void> = async () => {},
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-clients-'));
  const programs: Program[] = [];
  try {
    const torrent = createTorrent(directory, announceUrl);
    const ports = await freePorts(leechers.length + 1);
    programs.push(aria2.start(torrent, torrent.seedDirectory, ports[0], caPath));
    const started = leechers.map((client, index) => {
      const own = join(directory, client.name);
      mkdirSync(own);
      const program = client.start(torrent, own, ports[index + 1], caPath, address);
      programs.push(program);
      return { client, own, program };
    });
    const deadline = Date.now() + timeoutMs;
    for (const { client, own, program } of started) await gotFile(client, program, own, torrent, deadline);
    await check(torrent, deadline);
  } finally {
    await Promise.all(programs.map((program) => program.kill()));
    rmSync(directory, { recursive: true, force: true });
  }
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
