// Knows how to read a UDP tracker's announce and scrape replies (BEP 15), and what is odd about them.
import { formatCount } from '../../cli/format-count.ts';
import { decodeAnnounceReply, decodeScrapeCounts } from '../../protocol/udp-client-packets.ts';
import {
  announceReplyHeadBytes,
  scrapeCountsBytes,
  scrapeReplyHeadBytes,
} from '../../protocol/udp-packets.ts';
import { TrackerError } from '../network/tracker-error.ts';
import type { UdpReply } from '../network/udp-client.ts';
import { decodeText } from '../terminal/sanitise.ts';
import { addCompactPeers, type ScrapeAnswer } from './http-answer.ts';
import { type AnnounceAnswer, createAnswer } from './tracker-answer.ts';

/** `family` is that of the packet, which decides how long a peer is. Throws a TrackerError when it is too short. */
export function readUdpAnnounce(reply: UdpReply, family: 4 | 6): AnnounceAnswer {
  const answer = createAnswer();
  if ('error' in reply) {
    answer.failureReason = readErrorText(reply.error);
    return answer;
  }
  const counts = { interval: 0, incomplete: 0, complete: 0 };
  const { packet, view } = reply;
  if (!decodeAnnounceReply(view, 0, packet.length, counts)) {
    throw new TrackerError(shortReply(packet.length), { answered: true });
  }
  // The fields are 32 bits without a meaning for a sign, so they are read as unsigned.
  answer.interval = counts.interval >>> 0;
  answer.incomplete = counts.incomplete >>> 0;
  answer.complete = counts.complete >>> 0;
  const peers = packet.subarray(announceReplyHeadBytes);
  const count = addCompactPeers(peers, family, `the peer list of a reply over IPv${family}`, answer);
  if (family === 4) {
    answer.ipv4Bytes = peers.length;
    answer.ipv4Peers = count;
  } else {
    answer.ipv6Bytes = peers.length;
    answer.ipv6Peers = count;
  }
  return answer;
}

/** The counts answer `infoHashes` in their order. */
export function readUdpScrape(reply: UdpReply, infoHashes: readonly Uint8Array[]): ScrapeAnswer {
  const answer: ScrapeAnswer = {
    failureReason: null,
    minRequestInterval: null,
    torrentCount: infoHashes.length,
    torrents: [],
    compliance: [],
  };
  if ('error' in reply) {
    answer.failureReason = readErrorText(reply.error);
    return answer;
  }
  const { packet, view } = reply;
  const given = (packet.length - scrapeReplyHeadBytes) / scrapeCountsBytes;
  if (given !== infoHashes.length) {
    answer.compliance.push(
      `the reply holds ${formatCount(Math.floor(given), 'item')} for ${formatCount(infoHashes.length, 'info_hash', 'info_hashes')}`,
    );
  }
  const counts = { complete: 0, downloaded: 0, incomplete: 0 };
  for (const [index, infoHash] of infoHashes.entries()) {
    const there = decodeScrapeCounts(view, 0, packet.length, index, counts);
    answer.torrents.push({
      infoHash: Buffer.from(infoHash).toString('hex'),
      complete: there ? counts.complete >>> 0 : null,
      incomplete: there ? counts.incomplete >>> 0 : null,
      downloaded: there ? counts.downloaded >>> 0 : null,
      downloaders: null,
      name: null,
    });
  }
  return answer;
}

function readErrorText(latin1: string): string {
  return decodeText(Buffer.from(latin1, 'latin1')) || '(an error without a text)';
}

function shortReply(length: number): string {
  const plain = `announce reply of ${formatCount(length, 'byte')}; ${announceReplyHeadBytes} are needed`;
  return length === 8 ? `${plain} (opentracker answers so when it does not serve the info_hash)` : plain;
}
