/** Knows the client's end of BEP 15: writes the requests that a tracker reads and reads the replies that it writes. */
import type { Event } from './event.ts';
import { formatLatin1 } from './latin1.ts';
import {
  Action,
  announceReplyHeadBytes,
  announceRequestBytes,
  connectMagicHigh,
  connectMagicLow,
  connectReplyBytes,
  connectRequestBytes,
  errorReplyHeadBytes,
  infoHashBytes,
  replyAt,
  requestAt,
  requestHeadBytes,
  scrapeCountsBytes,
  scrapeReplyHeadBytes,
} from './udp-packets.ts';

/** Both halves of a connection_id, as int32. */
export interface ConnectionIdHalves {
  /** The first 4 bytes. */
  connectionIdHigh: number;
  /** The last 4 bytes. */
  connectionIdLow: number;
}

/** What a client announces. Byte counts are 0 to 2^64 - 1. */
export interface UdpAnnounceRequest extends ConnectionIdHalves {
  /** int32 of the client's choice, which comes back in the reply. */
  transactionId: number;
  /** 20 bytes. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Bytes since `started`. */
  downloaded: number | bigint;
  /** Bytes that it lacks; 0 is a seeder. */
  left: number | bigint;
  /** Bytes since `started`. */
  uploaded: number | bigint;
  /** Why it announces. */
  event: Event;
  /** int32, the same for every address of one client. */
  key: number;
  /** -1: as many as the tracker likes. */
  numwant: number;
  /** 1 to 65535. */
  port: number;
}

/** The numbers of an announce reply; its compact peers are the bytes from 20 on. */
export interface UdpAnnounceCounts {
  /** Seconds until the next announce. */
  interval: number;
  /** Leechers. */
  incomplete: number;
  /** Seeders. */
  complete: number;
}

/** The counts of one torrent, as int32. */
export interface UdpScrapeCounts {
  /** Seeders. */
  complete: number;
  /** How often it was downloaded whole. */
  downloaded: number;
  /** Leechers. */
  incomplete: number;
}

/** Writes the 16 bytes that ask for a connection_id; returns their number. */
export function encodeConnectRequest(view: DataView, at: number, transactionId: number): number {
  view.setInt32(at, connectMagicHigh);
  view.setInt32(at + 4, connectMagicLow);
  view.setInt32(at + requestAt.action, Action.connect);
  view.setInt32(at + requestAt.transactionId, transactionId);
  return connectRequestBytes;
}

/** Writes an announce of 98 bytes, with the IP field 0; BEP 41 options may follow. Returns the number of bytes. */
export function encodeAnnounceRequest(view: DataView, at: number, request: UdpAnnounceRequest): number {
  encodeRequestHead(view, at, request, Action.announce, request.transactionId);
  encodeBytes(view, at + requestAt.infoHash, request.infoHash, infoHashBytes);
  encodeBytes(view, at + requestAt.peerId, request.peerId, 20);
  encodeUint64(view, at + requestAt.downloaded, request.downloaded);
  encodeUint64(view, at + requestAt.left, request.left);
  encodeUint64(view, at + requestAt.uploaded, request.uploaded);
  view.setInt32(at + requestAt.event, request.event);
  view.setInt32(at + requestAt.ip, 0);
  view.setInt32(at + requestAt.key, request.key);
  view.setInt32(at + requestAt.numwant, request.numwant);
  view.setUint16(at + requestAt.port, request.port);
  return announceRequestBytes;
}

/** Writes a scrape of `infoHashes`, 20 bytes each; returns the number of bytes. */
export function encodeScrapeRequest(
  view: DataView,
  at: number,
  connectionId: ConnectionIdHalves,
  transactionId: number,
  infoHashes: readonly Uint8Array[],
): number {
  encodeRequestHead(view, at, connectionId, Action.scrape, transactionId);
  let end = at + requestHeadBytes;
  for (const infoHash of infoHashes) {
    encodeBytes(view, end, infoHash, infoHashBytes);
    end += infoHashBytes;
  }
  return end - at;
}

/** The action of a reply (3: an error; any int32 may stand there), undefined when the packet is too short to be one. */
export function decodeReplyAction(view: DataView, at: number, length: number): number | undefined {
  return length < scrapeReplyHeadBytes ? undefined : view.getInt32(at + replyAt.action);
}

/** The transaction_id of a reply of at least 8 bytes, as int32. */
export function decodeReplyTransactionId(view: DataView, at: number): number {
  return view.getInt32(at + replyAt.transactionId);
}

/** False when the packet is too short for a connect reply. */
export function decodeConnectReply(
  view: DataView,
  at: number,
  length: number,
  into: ConnectionIdHalves,
): boolean {
  if (length < connectReplyBytes) return false;
  into.connectionIdHigh = view.getInt32(at + replyAt.body);
  into.connectionIdLow = view.getInt32(at + replyAt.body + 4);
  return true;
}

/** False when the packet is too short for an announce reply. */
export function decodeAnnounceReply(
  view: DataView,
  at: number,
  length: number,
  into: UdpAnnounceCounts,
): boolean {
  if (length < announceReplyHeadBytes) return false;
  into.interval = view.getInt32(at + replyAt.interval);
  into.incomplete = view.getInt32(at + replyAt.incomplete);
  into.complete = view.getInt32(at + replyAt.complete);
  return true;
}

/** Torrent `index` of a scrape reply of `length` bytes; false when the reply ends before it. */
export function decodeScrapeCounts(
  view: DataView,
  at: number,
  length: number,
  index: number,
  into: UdpScrapeCounts,
): boolean {
  const counts = scrapeReplyHeadBytes + index * scrapeCountsBytes;
  if (counts + scrapeCountsBytes > length) return false;
  into.complete = view.getInt32(at + counts);
  into.downloaded = view.getInt32(at + counts + 4);
  into.incomplete = view.getInt32(at + counts + 8);
  return true;
}

/** The text of an error reply of at least 8 bytes, each byte one character; it may hold control characters. */
export function decodeErrorReply(bytes: Uint8Array, at: number, length: number): string {
  return formatLatin1(bytes, at + errorReplyHeadBytes, at + length);
}

function encodeRequestHead(
  view: DataView,
  at: number,
  connectionId: ConnectionIdHalves,
  action: number,
  transactionId: number,
): void {
  view.setInt32(at, connectionId.connectionIdHigh);
  view.setInt32(at + 4, connectionId.connectionIdLow);
  view.setInt32(at + requestAt.action, action);
  view.setInt32(at + requestAt.transactionId, transactionId);
}

function encodeBytes(view: DataView, at: number, bytes: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) view.setUint8(at + i, bytes[i]);
}

function encodeUint64(view: DataView, at: number, value: number | bigint): void {
  if (typeof value === 'bigint') view.setBigUint64(at, value);
  else {
    view.setUint32(at, Math.floor(value / 2 ** 32));
    view.setUint32(at + 4, value % 2 ** 32);
  }
}
