/**
 * Knows what a tracker sends WebTorrent clients: JSON that every client can read, appended to a `ByteWriter`.
 *
 * `encodeWebTorrentReply`, `encodeDescription`, `encodeWebTorrentScrapeHead`/`Item`/`Tail`, `encodeWebTorrentFailure`.
 * Every message but a scrape's reply names its info_hash, without which libtorrent closes; numbers are whole.
 */
import type { ByteWriter } from './byte-writer.ts';
import type { ScrapeCounts } from './http-scrape.ts';

const idBytes = 20;

/** An announce's reply, as numbers; one instance is reused. */
export interface WebTorrentReply {
  /** Seconds. */
  interval: number;
  /** Seeders. */
  complete: number;
  /** Leechers. */
  incomplete: number;
  /** Characters up to U+00FF, one a byte; left out when it is empty. */
  trackerId: Uint8Array;
}

/** Appends the reply to an announce; the info_hash is at `hashAt`. */
export function encodeWebTorrentReply(
  writer: ByteWriter,
  infoHashes: Uint8Array,
  hashAt: number,
  reply: WebTorrentReply,
): void {
  writer.latin1('{"action":"announce","interval":');
  writer.digits(reply.interval);
  writer.latin1(',"complete":');
  writer.digits(reply.complete);
  writer.latin1(',"incomplete":');
  writer.digits(reply.incomplete);
  if (reply.trackerId.length > 0) {
    writer.latin1(',"tracker id":');
    encodeString(writer, reply.trackerId, 0, reply.trackerId.length);
  }
  encodeInfoHash(writer, infoHashes, hashAt);
  writer.latin1('}');
}

/** An offer or answer on its way to another peer; one instance is reused. */
export interface RelayedDescription {
  /** What is relayed. */
  type: 'offer' | 'answer';
  /** The ids are 20 bytes each, from their `At` on; `peerId` is the sender's. */
  infoHash: Uint8Array;
  /** Where it begins. */
  infoHashAt: number;
  /** The sender's. */
  peerId: Uint8Array;
  /** Where it begins. */
  peerIdAt: number;
  /** The offerer's choice. */
  offerId: Uint8Array;
  /** Where it begins. */
  offerIdAt: number;
  /** `sdp[sdpAt .. sdpEnd)` is a checked JSON string without its quotes: see `WebTorrentMessage`. */
  sdp: Uint8Array;
  /** Where it begins. */
  sdpAt: number;
  /** Where it ends. */
  sdpEnd: number;
}

/** Appends an offer as it goes to peers of the swarm, or an answer as it goes back to whom the offer came from. */
export function encodeDescription(writer: ByteWriter, relayed: RelayedDescription): void {
  writer.latin1(
    relayed.type === 'offer'
      ? '{"action":"announce","offer":{"type":"offer","sdp":"'
      : '{"action":"announce","answer":{"type":"answer","sdp":"',
  );
  writer.raw(relayed.sdp, relayed.sdpAt, relayed.sdpEnd - relayed.sdpAt);
  writer.latin1('"},"offer_id":');
  encodeString(writer, relayed.offerId, relayed.offerIdAt, relayed.offerIdAt + idBytes);
  writer.latin1(',"peer_id":');
  encodeString(writer, relayed.peerId, relayed.peerIdAt, relayed.peerIdAt + idBytes);
  encodeInfoHash(writer, relayed.infoHash, relayed.infoHashAt);
  writer.latin1('}');
}

/** Appends what comes before the items of a scrape's reply. */
export function encodeWebTorrentScrapeHead(writer: ByteWriter): void {
  writer.latin1('{"action":"scrape","files":{');
}

/** Appends item `index` for the info_hash at `hashAt`; unknown ones get zeros, since clients warn of what is missing. */
export function encodeWebTorrentScrapeItem(
  writer: ByteWriter,
  index: number,
  infoHashes: Uint8Array,
  hashAt: number,
  counts: Pick<ScrapeCounts, 'complete' | 'incomplete' | 'downloaded'>,
): void {
  if (index > 0) writer.latin1(',');
  encodeString(writer, infoHashes, hashAt, hashAt + idBytes);
  writer.latin1(':{"complete":');
  writer.digits(counts.complete);
  writer.latin1(',"incomplete":');
  writer.digits(counts.incomplete);
  writer.latin1(',"downloaded":');
  writer.digits(counts.downloaded);
  writer.latin1('}');
}

/** Appends what comes after the items; `minRequestInterval` in seconds. */
export function encodeWebTorrentScrapeTail(writer: ByteWriter, minRequestInterval: number): void {
  writer.latin1('},"flags":{"min_request_interval":');
  writer.digits(minRequestInterval);
  writer.latin1('}}');
}

/**
 * Appends a refusal. `hashCount` 0: the message named no info_hash. bittorrent-tracker's client needs `action`, or it gives up
 * its connection; libtorrent does not know `failure reason`, and without `interval` (seconds) it would wait for ever.
 */
export function encodeWebTorrentFailure(
  writer: ByteWriter,
  action: 'announce' | 'scrape',
  infoHashes: Uint8Array,
  hashCount: number,
  reason: string,
  interval: number,
): void {
  writer.latin1(action === 'scrape' ? '{"action":"scrape"' : '{"action":"announce"');
  writer.latin1(',"failure reason":');
  writer.text(JSON.stringify(reason));
  writer.latin1(',"interval":');
  writer.digits(interval);
  if (hashCount > 0) encodeInfoHash(writer, infoHashes, 0);
  writer.latin1('}');
}

function encodeInfoHash(writer: ByteWriter, infoHashes: Uint8Array, at: number): void {
  writer.latin1(',"info_hash":');
  encodeString(writer, infoHashes, at, at + idBytes);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const hexDigits = '0123456789abcdef';
/** The longest that a character up to U+00FF is spelled. */
const longestSpelling = '\\u001f'.length;

/** Appends a JSON string with one character for each of `bytes[at .. end)`, spelled as short as it can be. */
function encodeString(writer: ByteWriter, bytes: Uint8Array, at: number, end: number): void {
  writer.reserve(2 + longestSpelling * (end - at));
  const out = writer.bytes;
  let to = writer.length;
  out[to++] = QUOTE;
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (byte >= 0x80) {
      out[to++] = 0xc0 | (byte >> 6);
      out[to++] = 0x80 | (byte & 0x3f);
    } else if (byte < 0x20) {
      for (let j = 0; j < 4; j++) out[to + j] = '\\u00'.charCodeAt(j);
      out[to + 4] = hexDigits.charCodeAt(byte >> 4);
      out[to + 5] = hexDigits.charCodeAt(byte & 15);
      to += longestSpelling;
    } else {
      if (byte === QUOTE || byte === BACKSLASH) out[to++] = BACKSLASH;
      out[to++] = byte;
    }
  }
  out[to++] = QUOTE;
  writer.length = to;
}
