// A file of random bytes and the .torrent that names one tracker for it, made with our own encoder.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBencode } from '../../src/protocol/bencode.ts';

export interface Torrent {
  /** The .torrent file. */
  path: string;
  /** Where the seeder finds the complete file. */
  seedDirectory: string;
  fileName: string;
  content: Buffer;
  infoHash: Buffer;
}

const pieceLength = 32 * 1024;

/**
 * Writes content and .torrent below `directory`; further trackers are tiers of their own (BEP 12). The torrent is private
 * (BEP 27): no DHT, no PEX, no LSD.
 */
export function createTorrent(
  directory: string,
  announceUrl: string,
  length = 700_001,
  further: readonly string[] = [],
): Torrent {
  const fileName = 'shared.bin';
  const content = randomBytes(length);
  const pieces: Buffer[] = [];
  for (let at = 0; at < length; at += pieceLength) {
    pieces.push(
      createHash('sha1')
        .update(content.subarray(at, at + pieceLength))
        .digest(),
    );
  }
  const info = {
    length,
    name: fileName,
    'piece length': pieceLength,
    pieces: Buffer.concat(pieces),
    private: 1,
  };
  const seedDirectory = join(directory, 'seed');
  mkdirSync(seedDirectory, { recursive: true });
  writeFileSync(join(seedDirectory, fileName), content);
  const tiers = further.length === 0 ? undefined : [announceUrl, ...further].map((url) => [url]);
  const path = join(directory, 'shared.torrent');
  writeFileSync(path, encodeBencode({ announce: announceUrl, 'announce-list': tiers, info }));
  const infoHash = createHash('sha1').update(encodeBencode(info)).digest();
  return { path, seedDirectory, fileName, content, infoHash };
}
