// Knows every way to name a torrent on the command line: hex, base32, a magnet link, a .torrent file.
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { UsageError } from '../../cli/usage-error.ts';
import type { Torrent } from '../asking/torrent.ts';
import { decodeBase32 } from './base32.ts';
import { decodeTorrent } from './torrent-file.ts';

const maxTorrentBytes = 64 << 20;

/** A torrent that nobody has: the tracker's answer then concerns only us. */
export function createRandomTorrent(): Torrent {
  return { infoHash: new Uint8Array(randomBytes(20)), name: undefined, trackers: [] };
}

/** The torrent that `text` names. Throws a UsageError. */
export async function readTorrent(text: string): Promise<Torrent> {
  const infoHash = parseInfoHash(text);
  if (infoHash) return { infoHash, name: undefined, trackers: [] };
  if (/^magnet:/i.test(text)) return parseMagnetLink(text);
  return await readTorrentFile(text);
}

/** 40 or 64 hex digits or 32 base32 characters; undefined when it is none of these. */
export function parseInfoHash(text: string): Uint8Array | undefined {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text))
    return new Uint8Array(Buffer.from(text.slice(0, 40), 'hex'));
  return decodeBase32(text);
}

/** BEP 9: `xt=urn:btih:` (hex or base32), or `xt=urn:btmh:1220` with a SHA-256 (BEP 52); `tr` the trackers. */
export function parseMagnetLink(text: string): Torrent {
  const parameters = new URLSearchParams(text.slice(text.indexOf(':') + 1).replace(/^\?/, ''));
  const topics = parameters.getAll('xt').map((topic) => topic.toLowerCase());
  const v1 = topics.find((topic) => topic.startsWith('urn:btih:'))?.slice('urn:btih:'.length);
  const v2 = topics.find((topic) => topic.startsWith('urn:btmh:1220'))?.slice('urn:btmh:1220'.length);
  const infoHash = parseInfoHash(v1 ?? v2 ?? '');
  if (!infoHash) throw new UsageError("bad hash: the magnet link has no 'xt=urn:btih:' with an info_hash");
  const trackers = [...new Set(parameters.getAll('tr').filter((url) => url !== ''))];
  return { infoHash, name: parameters.get('dn') ?? undefined, trackers };
}

async function readTorrentFile(path: string): Promise<Torrent> {
  const shown = path.length > 100 ? `${path.slice(0, 100)}…` : path;
  let bytes: Uint8Array;
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > maxTorrentBytes) throw new UsageError(`bad hash '${shown}': the file is larger than 64 MiB`);
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    const why = reason === 'ENOENT' ? '' : ` (${reason})`;
    throw new UsageError(
      `bad hash '${shown}': neither 40 or 64 hex digits, base32, a magnet link nor a .torrent file that can be read${why}`,
    );
  }
  const torrent = decodeTorrent(bytes);
  if (!torrent) throw new UsageError(`bad hash '${shown}': the file is no torrent`);
  return torrent;
}
