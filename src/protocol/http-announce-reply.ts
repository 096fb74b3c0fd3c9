/** Knows the bencoded answer to an HTTP announce as a tracker writes it (BEP 3, 7, 23, 24, 31). */
// The mapped form of IPv4 exists because compact peers have one width; a dictionary has none, and every client reads
// `a.b.c.d`.
//
// A peer whose peer_id is not known is a dictionary without `peer id`, as those of `no_peer_id` are: a client that is told
// one compares it with what the peer calls itself, and ends the connection when it is another.
import { writeBencode } from './bencode.ts';
import type { ByteWriter } from './byte-writer.ts';
import { compactIpv4Bytes, compactIpv6Bytes } from './compact-peers.ts';
import { formatIp } from './ip-address.ts';
import { parseLatin1 } from './latin1.ts';

// What stands between the numbers, as bytes: to copy them costs a third of reading them from text each time.
const completeKey = parseLatin1('d8:completei');
const downloadedKey = parseLatin1('e10:downloadedi');
const externalIpKey = parseLatin1('e11:external ip');
const incompleteKey = parseLatin1('10:incompletei');
const intervalKey = parseLatin1('e8:intervali');
const minIntervalKey = parseLatin1('e12:min intervali');
const peersKey = parseLatin1('e5:peers');

/** What the tracker found; its own record of an announce is one of these. */
export interface HttpAnnounceAnswer {
  /** Seeders. */
  readonly complete: number;
  /** Leechers. */
  readonly incomplete: number;
  /** How often it was downloaded whole. */
  readonly downloaded: number;
  /** The client's address, as little-endian words from `addressAt` on. */
  readonly address: Int32Array;
  /** Where the address begins, in words. */
  readonly addressAt: number;
  /** The client's. */
  readonly family: 4 | 6;
  /** Peers of the client's own family, 6 or 18 bytes each. */
  readonly peers: number;
  /** IPv4 peers after them, 6 bytes each; IPv6 clients only. */
  readonly ipv4Peers: number;
}

/** How the answer is to be put; one instance is reused for every request. */
export interface HttpAnnounceForm {
  /** Seconds. */
  interval: number;
  /** Seconds that a client should wait at least. */
  minInterval: number;
  /** Left out when it is empty. */
  trackerId: Uint8Array;
  /** Peers as bytes (BEP 23), not as dictionaries. */
  compact: boolean;
  /** Dictionaries without `peer id`. */
  noPeerId: boolean;
  /** The compact peers, from the first byte on. */
  peers: Uint8Array;
  /** 20 bytes for each peer, zeros where nobody knows; read only for dictionaries with `peer id`. */
  peerIds: Uint8Array;
}

/**
 * Appends the whole dictionary. To an IPv4 client `peers` is compact peers of 6 bytes. To an IPv6 client `peers6` is
 * those of 18 bytes, IPv4 ones mapped (`::ffff:a.b.c.d`) at their end, and `peers` is empty. Without `compact`, `peers`
 * is a list of dictionaries, with IPv4 addresses in their plain form.
 */
export function encodeHttpAnnounceReply(
  writer: ByteWriter,
  answer: HttpAnnounceAnswer,
  form: HttpAnnounceForm,
): void {
  writer.raw(completeKey);
  writer.digits(answer.complete);
  writer.raw(downloadedKey);
  writer.digits(answer.downloaded);
  writer.raw(externalIpKey);
  encodeAddress(writer, answer);
  writer.raw(incompleteKey);
  writer.digits(answer.incomplete);
  writer.raw(intervalKey);
  writer.digits(form.interval);
  writer.raw(minIntervalKey);
  writer.digits(form.minInterval);
  writer.raw(peersKey);
  if (!form.compact) encodeDictionaries(writer, answer, form);
  else if (answer.family === 4) encodePeers(writer, answer, form);
  else encodePeers6(writer, answer, form);
  if (form.trackerId.length > 0) {
    writer.latin1('10:tracker id');
    writer.digits(form.trackerId.length);
    writer.latin1(':');
    writer.raw(form.trackerId);
  }
  writer.latin1('e');
}

/** Appends a dictionary with the reason of a failure, and after how many minutes to try again, if ever (BEP 31). */
export function encodeHttpFailure(writer: ByteWriter, reason: string, retryIn?: number | 'never'): void {
  writeBencode(writer, { 'failure reason': reason, 'retry in': retryIn });
}

function encodeAddress(writer: ByteWriter, answer: HttpAnnounceAnswer): void {
  const bytes = answer.family === 4 ? 4 : 16;
  writer.digits(bytes);
  writer.latin1(':');
  for (let i = 0; i < bytes; i++) {
    writer.byte((answer.address[answer.addressAt + (i >> 2)] >>> ((i & 3) * 8)) & 0xff);
  }
}

function encodePeers(writer: ByteWriter, answer: HttpAnnounceAnswer, form: HttpAnnounceForm): void {
  const bytes = answer.peers * compactIpv4Bytes;
  writer.digits(bytes);
  writer.latin1(':');
  writer.raw(viewOf(form.peers, answer.peers));
}

let viewedPeers: Uint8Array | undefined;
let views: Uint8Array[] = [];

/** The first `count` IPv4 peers, as a view that is kept: a new one costs more than to copy what it shows. */
function viewOf(peers: Uint8Array, count: number): Uint8Array {
  if (peers !== viewedPeers) {
    viewedPeers = peers;
    views = [];
  }
  views[count] ??= peers.subarray(0, count * compactIpv4Bytes);
  return views[count];
}

const mappedPrefix = '\0\0\0\0\0\0\0\0\0\0\u00ff\u00ff';

function encodePeers6(writer: ByteWriter, answer: HttpAnnounceAnswer, form: HttpAnnounceForm): void {
  writer.latin1('0:6:peers6');
  writer.digits((answer.peers + answer.ipv4Peers) * compactIpv6Bytes);
  writer.latin1(':');
  const nativeBytes = answer.peers * compactIpv6Bytes;
  writer.raw(form.peers, 0, nativeBytes);
  for (let i = 0; i < answer.ipv4Peers; i++) {
    writer.latin1(mappedPrefix);
    writer.raw(form.peers, nativeBytes + i * compactIpv4Bytes, compactIpv4Bytes);
  }
}

function encodeDictionaries(writer: ByteWriter, answer: HttpAnnounceAnswer, form: HttpAnnounceForm): void {
  const ipBytes = answer.family === 4 ? 4 : 16;
  writer.latin1('l');
  let at = 0;
  for (let i = 0; i < answer.peers + answer.ipv4Peers; i++) {
    at += encodeDictionary(writer, form, i, at, i < answer.peers ? ipBytes : 4);
  }
  writer.latin1('e');
}

/** Appends peer `index`, whose compact form lies at `at`; returns the length of that. */
function encodeDictionary(
  writer: ByteWriter,
  form: HttpAnnounceForm,
  index: number,
  at: number,
  ipBytes: number,
): number {
  const ip = formatIp(form.peers, at, ipBytes);
  writer.latin1('d2:ip');
  writer.digits(ip.length);
  writer.latin1(':');
  writer.latin1(ip);
  if (!form.noPeerId && isKnown(form.peerIds, index * 20)) {
    writer.latin1('7:peer id20:');
    writer.raw(form.peerIds, index * 20, 20);
  }
  writer.latin1('4:porti');
  writer.digits((form.peers[at + ipBytes] << 8) | form.peers[at + ipBytes + 1]);
  writer.latin1('ee');
  return ipBytes + 2;
}

function isKnown(peerIds: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 20; i++) if (peerIds[i] !== 0) return true;
  return false;
}
