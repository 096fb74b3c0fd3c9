// Knows what a bencoded announce or scrape answer means to tracker-query, and which oddities are worth a word.
import { formatCount } from '../../cli/format-count.ts';
import { BencodeError } from '../../protocol/bencode.ts';
import {
  decodeHttpAnnounceReply,
  decodeHttpScrapeReply,
  type HttpAnnounceReply,
  type HttpPeer,
} from '../../protocol/http-client-replies.ts';
import { formatIp, isMapped } from '../../protocol/ip-address.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { cutText, decodeText } from '../terminal/sanitise.ts';
import { type AnnounceAnswer, createAnswer, maxListed, type ScrapedTorrent } from './tracker-answer.ts';

/** What a scrape was answered. */
export interface ScrapeAnswer {
  /** Why it was refused; null when it was not. */
  failureReason: string | null;
  /** Seconds between two scrapes at least; null where the tracker does not say. */
  minRequestInterval: number | null;
  /** Torrents in the answer. */
  torrentCount: number;
  /** The first `maxListed` of them. */
  torrents: ScrapedTorrent[];
  /** What the answer does against the protocol, one sentence each. */
  compliance: string[];
}

// What costs memory is the number of values: 4 MiB can hold two million of them, and 250,000 took more than 150 MiB.
const limits = { maxItems: 60_000, maxDepth: 16 };

/** An HTTP announce reply to a client of `family`. Throws a TrackerError when it is not bencode. */
export function readAnnounceAnswer(body: Uint8Array, family: 4 | 6): AnnounceAnswer {
  const reply = decode(body, decodeHttpAnnounceReply);
  const answer: AnnounceAnswer = {
    ...createAnswer(),
    interval: reply.interval ?? null,
    minInterval: reply.minInterval ?? null,
    complete: reply.complete ?? null,
    incomplete: reply.incomplete ?? null,
    downloaded: reply.downloaded ?? null,
    warningMessage: textOf(reply.warningMessage),
    failureReason: textOf(reply.failureReason),
    trackerId: reply.trackerId === undefined ? null : decodeText(reply.trackerId),
    compliance: reply.findings,
  };
  answer.externalIp = readExternalIp(reply.externalIp, answer.compliance);
  addPeers(reply, answer);
  if (answer.failureReason === null) judge(reply, answer, family);
  return answer;
}

function judge(reply: HttpAnnounceReply, answer: AnnounceAnswer, family: 4 | 6): void {
  if (reply.interval === undefined) answer.compliance.push('no interval');
  if (reply.peers === undefined && reply.peers6 === undefined) {
    answer.compliance.push('neither peers nor peers6');
  }
  if (family === 6 && answer.ipv4Peers > 0 && answer.ipv6Peers === 0 && reply.peers6 === undefined) {
    answer.compliance.push('asked over IPv6, answered with IPv4 peers and no peers6 (BEP 7)');
  }
}

function addPeers({ peers, peers6 }: HttpAnnounceReply, answer: AnnounceAnswer): void {
  if (peers instanceof Uint8Array) {
    answer.ipv4Bytes = peers.length;
    answer.ipv4Peers = addCompactPeers(peers, 4, 'peers', answer);
  } else if (peers) addDictionaryPeers(peers, answer);
  if (peers6) {
    answer.ipv6Bytes = peers6.length;
    answer.ipv6Peers += addCompactPeers(peers6, 6, 'peers6', answer);
  }
}

/** Lists the compact peers in `bytes` and returns their number; a rest that is no whole peer is reported. */
export function addCompactPeers(
  bytes: Uint8Array,
  family: 4 | 6,
  key: string,
  answer: Pick<AnnounceAnswer, 'peers' | 'compliance'>,
): number {
  const stride = family === 4 ? 6 : 18;
  const count = Math.floor(bytes.length / stride);
  if (bytes.length % stride !== 0) {
    answer.compliance.push(
      `${key} has ${formatCount(bytes.length, 'byte')}, which is no multiple of ${stride}`,
    );
  }
  for (let i = 0; i < count && answer.peers.length < maxListed; i++) {
    const at = i * stride;
    const type = family === 4 ? 'ipv4' : isMapped(bytes, at) ? 'ipv4-mapped' : 'ipv6';
    const port = bytes[at + stride - 2] * 256 + bytes[at + stride - 1];
    answer.peers.push({ ip: formatIp(bytes, at, stride - 2), port, type, peerId: null, hostname: null });
  }
  return count;
}

function addDictionaryPeers(list: readonly HttpPeer[], answer: AnnounceAnswer): void {
  for (const { ip, port, peerId } of list) {
    if (ip.includes(':')) answer.ipv6Peers++;
    else answer.ipv4Peers++;
    if (answer.peers.length >= maxListed) continue;
    const shownId = peerId === undefined ? null : formatPeerId(peerId);
    answer.peers.push({ ip: cutText(ip, 100), port, type: 'dict', peerId: shownId, hostname: null });
  }
}

/** Printable ASCII as text, anything else as hex. */
export function formatPeerId(bytes: Uint8Array): string {
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return Buffer.from(bytes.subarray(0, 64)).toString(printable ? 'latin1' : 'hex');
}

/** BEP 24: 4 or 16 raw bytes. Some trackers write text; that is shown and reported. */
function readExternalIp(bytes: Uint8Array | undefined, compliance: string[]): string | null {
  if (bytes === undefined) return null;
  if (bytes.length === 4 || bytes.length === 16) return formatIp(bytes);
  compliance.push('external ip is neither 4 nor 16 bytes (BEP 24)');
  return decodeText(bytes, 100);
}

/** An HTTP scrape reply (BEP 48). Throws a TrackerError when it is not bencode. */
export function readScrapeAnswer(body: Uint8Array): ScrapeAnswer {
  const reply = decode(body, (bytes, bounds) => decodeHttpScrapeReply(bytes, bounds, maxListed));
  return {
    failureReason: textOf(reply.failureReason),
    minRequestInterval: reply.minRequestInterval ?? null,
    torrentCount: reply.fileCount,
    torrents: reply.files.map((file) => ({
      infoHash: Buffer.from(file.infoHash.subarray(0, 64)).toString('hex'),
      complete: file.complete ?? null,
      incomplete: file.incomplete ?? null,
      downloaded: file.downloaded ?? null,
      downloaders: file.downloaders ?? null,
      name: textOf(file.name),
    })),
    compliance: reply.findings,
  };
}

function decode<T>(body: Uint8Array, read: (bytes: Uint8Array, bounds: typeof limits) => T): T {
  try {
    return read(body, limits);
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    if (error.message.startsWith('too many values')) {
      const message = `the answer holds more than ${limits.maxItems} values, too many to read safely`;
      throw new TrackerError(message, { answered: true, cause: error });
    }
    const page = webPageOf(body);
    if (page !== undefined) {
      throw new TrackerError(`not a bencoded answer: a web page ${page}instead of a tracker's`, {
        trouble: 'not-bencoded',
        cause: error,
      });
    }
    const begins = body.length === 0 ? 'the answer is empty' : `it begins '${decodeText(body, 40)}'`;
    throw new TrackerError(`not a bencoded answer: ${error.message} (${begins})`, {
      answered: true,
      trouble: 'not-bencoded',
      cause: error,
    });
  }
}

/** The title of an HTML page, quoted, with a blank; empty when it has none, undefined when `body` is none. */
export function webPageOf(body: Uint8Array): string | undefined {
  const text = Buffer.from(body.subarray(0, 4096)).toString('latin1');
  if (!/^\s*(<!doctype html|<html|<head|<\?xml)/i.test(text)) return undefined;
  const title = /<title[^>]*>\s*([^<]{1,100})/i.exec(text)?.[1]?.trim();
  return title ? `('${decodeText(Buffer.from(title, 'latin1'), 60)}') ` : '';
}

function textOf(text: string | undefined): string | null {
  return text === undefined ? null : cutText(text, 1000);
}
