/** Knows where every field of a UDP tracker packet lies (BEP 15): requests and replies, in both directions, allocating nothing. */
import { Event } from './event.ts';

// The server decodes out of its receive buffers and encodes into its send buffers for every packet, so these functions
// take numbers and write into what the caller owns. `at` is where the packet begins in `view`; all fields are
// big-endian. The 64-bit fields are two 32-bit halves: a connection_id is only compared, and of `left` the server only
// asks whether it is 0.

/** What a packet is about (BEP 15). */
export const Action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;

/** Both halves of the number 0x41727101980 that opens a connect request. */
export const connectMagicHigh = 0x417;
/** The second half. */
export const connectMagicLow = 0x27101980;

/** A whole one. */
export const connectRequestBytes = 16;
/** A whole one. */
export const connectReplyBytes = 16;
/** Without BEP 41 options, which follow directly. */
export const announceRequestBytes = 98;
/** Before the compact peers. */
export const announceReplyHeadBytes = 20;
/** Before the info_hashes; also the shortest request of any kind. */
export const requestHeadBytes = 16;
/** One after another in a scrape. */
export const infoHashBytes = 20;
/** Before the counts. */
export const scrapeReplyHeadBytes = 8;
/** Three counts of 4 bytes for each torrent. */
export const scrapeCountsBytes = 12;
/** Before the text. */
export const errorReplyHeadBytes = 8;

/** More IPv6 peers would push a reply over 1,232 bytes, what every IPv6 path carries without fragments. */
export const maxIpv6PeersInReply = 67;

/** Byte offsets in a request. From `infoHash` on they are an announce's; a scrape's info_hashes begin there too. */
export const requestAt = {
  connectionId: 0,
  action: 8,
  transactionId: 12,
  infoHash: 16,
  peerId: 36,
  downloaded: 56,
  left: 64,
  uploaded: 72,
  event: 80,
  ip: 84,
  key: 88,
  numwant: 92,
  port: 96,
  options: 98,
} as const;

/** Byte offsets in a reply; `body` is a connect reply's connection_id and an error's text. */
export const replyAt = {
  action: 0,
  transactionId: 4,
  body: 8,
  interval: 8,
  incomplete: 12,
  complete: 16,
  peers: 20,
} as const;

/** What an announce packet says, as far as a tracker cares. */
export interface UdpAnnounceQuestion {
  /** Unknown ones are none. */
  event: Event;
  /** `left` is 0. */
  seeding: boolean;
  /** Negative: as many as the tracker likes. */
  numwant: number;
  /** 0 to 65535. */
  port: number;
}

// ---- What a tracker reads ----

/**
 * Whether a packet of at least 4 bytes may be a tracker's answer: those begin with their action, 0 to 3, where requests
 * have a connection_id. Answering one would make two trackers, or one and itself, talk to each other for ever.
 */
export function mayBeReply(view: DataView, at: number): boolean {
  return view.getInt32(at + replyAt.action) >>> 2 === 0;
}

/** The action of a request of at least 16 bytes; any int32 may stand there. */
export function decodeAction(view: DataView, at: number): number {
  return view.getInt32(at + requestAt.action);
}

/** Whether this is a connect request: at least 16 bytes, the magic number and action 0. */
export function isConnectRequest(view: DataView, at: number, length: number): boolean {
  return (
    length >= connectRequestBytes &&
    view.getInt32(at) === connectMagicHigh &&
    view.getInt32(at + 4) === connectMagicLow &&
    view.getInt32(at + requestAt.action) === Action.connect
  );
}

/** The transaction_id of a request of at least 16 bytes, as int32; it goes back unchanged. */
export function decodeTransactionId(view: DataView, at: number): number {
  return view.getInt32(at + requestAt.transactionId);
}

/**
 * Reads the numbers of an announce request into `into`; false when the packet is shorter than 98 bytes. The info_hash,
 * the peer_id and BEP 41 options stay where they are, at `requestAt`. The packet's IP field is not read: a peer's
 * address is the one its packet came from.
 */
export function decodeAnnounceRequest(
  view: DataView,
  at: number,
  length: number,
  into: UdpAnnounceQuestion,
): boolean {
  if (length < announceRequestBytes) return false;
  const event = view.getInt32(at + requestAt.event);
  into.event = event >= Event.none && event <= Event.paused ? (event as Event) : Event.none;
  into.seeding = (view.getInt32(at + requestAt.left) | view.getInt32(at + requestAt.left + 4)) === 0;
  into.numwant = view.getInt32(at + requestAt.numwant);
  into.port = view.getUint16(at + requestAt.port);
  return true;
}

/** How many whole info_hashes a scrape request of `length` bytes carries; they lie one after another from byte 16. */
export function countScrapeHashes(length: number): number {
  return length < requestHeadBytes ? 0 : Math.trunc((length - requestHeadBytes) / infoHashBytes);
}

// ---- What a tracker writes; each returns the bytes written ----

/** A whole connect reply, 16 bytes. */
export function encodeConnectReply(
  view: DataView,
  at: number,
  transactionId: number,
  connectionIdHigh: number,
  connectionIdLow: number,
): number {
  encodeReplyHead(view, at, Action.connect, transactionId);
  view.setInt32(at + replyAt.body, connectionIdHigh);
  view.setInt32(at + replyAt.body + 4, connectionIdLow);
  return connectReplyBytes;
}

/** The first 20 bytes of an announce reply; compact peers of the packet's own family follow, and nothing else. */
export function encodeAnnounceReplyHead(
  view: DataView,
  at: number,
  transactionId: number,
  interval: number,
  incomplete: number,
  complete: number,
): number {
  encodeReplyHead(view, at, Action.announce, transactionId);
  view.setInt32(at + replyAt.interval, interval);
  view.setInt32(at + replyAt.incomplete, incomplete);
  view.setInt32(at + replyAt.complete, complete);
  return announceReplyHeadBytes;
}

/** The first 8 bytes of a scrape reply; three counts for each info_hash follow, in the order asked. */
export function encodeScrapeReplyHead(view: DataView, at: number, transactionId: number): number {
  return encodeReplyHead(view, at, Action.scrape, transactionId);
}

/** Torrent `index` of the scrape reply that begins at `at`. */
export function encodeScrapeCounts(
  view: DataView,
  at: number,
  index: number,
  complete: number,
  downloaded: number,
  incomplete: number,
): number {
  const to = at + scrapeReplyHeadBytes + index * scrapeCountsBytes;
  view.setInt32(to, complete);
  view.setInt32(to + 4, downloaded);
  view.setInt32(to + 8, incomplete);
  return scrapeCountsBytes;
}

/** A whole error reply; `message` is ASCII. */
export function encodeErrorReply(view: DataView, at: number, transactionId: number, message: string): number {
  encodeReplyHead(view, at, Action.error, transactionId);
  for (let i = 0; i < message.length; i++) view.setUint8(at + replyAt.body + i, message.charCodeAt(i));
  return errorReplyHeadBytes + message.length;
}

function encodeReplyHead(view: DataView, at: number, action: number, transactionId: number): number {
  view.setInt32(at + replyAt.action, action);
  view.setInt32(at + replyAt.transactionId, transactionId);
  return scrapeReplyHeadBytes;
}
