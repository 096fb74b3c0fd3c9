// Knows .torrent files (BEP 3, 12, 52): the info_hash of one, its name and its trackers.
import { createHash } from 'node:crypto';
import { type Bencoded, type BencodedDictionary, decodeBencode } from '../../protocol/bencode.ts';
import type { Torrent } from '../asking/torrent.ts';
import { decodeText } from '../terminal/sanitise.ts';

/** Undefined when `bytes` is no torrent. A hybrid torrent is known by its v1 hash; a v2 hash is truncated. */
export function decodeTorrent(bytes: Uint8Array): Torrent | undefined {
  let decoded: ReturnType<typeof decodeBencode>;
  try {
    decoded = decodeBencode(bytes, { maxBytes: bytes.length, maxItems: 5_000_000, lenient: true });
  } catch {
    return undefined;
  }
  const root = asDictionary(decoded.value);
  const info = asDictionary(root?.get('info'));
  const span = decoded.spans.get('info');
  if (!root || !info || !span) return undefined;
  // The hash is over the bytes as they lie in the file, whatever a decoder makes of them.
  const raw = bytes.subarray(span[0], span[1]);
  const v2Only = info.get('meta version') === 2 && !info.has('pieces');
  const digest = createHash(v2Only ? 'sha256' : 'sha1')
    .update(raw)
    .digest();
  const name = info.get('name');
  return {
    infoHash: new Uint8Array(digest.subarray(0, 20)),
    name: name instanceof Uint8Array ? decodeText(name) : undefined,
    trackers: trackersOf(root),
  };
}

/** With an `announce-list` (BEP 12) the single `announce` counts only if the list holds nothing. */
function trackersOf(root: BencodedDictionary): string[] {
  const tiers = root.get('announce-list');
  const listed = Array.isArray(tiers) ? tiers.flatMap((tier) => (Array.isArray(tier) ? tier : [])) : [];
  const urls = (listed.length > 0 ? listed : [root.get('announce')])
    .filter((url) => url instanceof Uint8Array)
    .map((url) => decodeText(url, 4096));
  return [...new Set(urls)];
}

function asDictionary(value: Bencoded | undefined): BencodedDictionary | undefined {
  return value instanceof Map ? value : undefined;
}
