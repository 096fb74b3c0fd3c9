// What a UDP packet is answered (BEP 15), whichever way packets are received and sent.
//
// Works on the buffers in place: the question is decoded where it was received, the peers are written where they are
// sent from. Nothing is allocated for a packet, and nothing that it holds can throw except through a defect of ours.

import type { ConnectionIds } from '../../protocol/connection-id.ts';
import {
  announceTooShort,
  type Failure,
  noInfoHashInScrape,
  tooManyRequests,
  undecided,
  unknownAction,
  unknownConnectionId,
} from '../../protocol/failure.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import {
  Action,
  announceRequestBytes,
  countScrapeHashes,
  decodeAction,
  decodeAnnounceRequest,
  decodeTransactionId,
  encodeAnnounceReplyHead,
  encodeConnectReply,
  encodeErrorReply,
  encodeScrapeCounts,
  encodeScrapeReplyHead,
  errorReplyHeadBytes,
  isConnectRequest,
  maxIpv6PeersInReply,
  mayBeReply,
  replyAt,
  requestAt,
  requestHeadBytes,
  scrapeCountsBytes,
  scrapeReplyHeadBytes,
} from '../../protocol/udp-packets.ts';
import { Announce } from '../../tracker/announce.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import { mostAhead, type Tracker } from '../../tracker/tracker.ts';
import { countAnnounce, countRefusal } from '../answer-stats.ts';
import { answerStatsOf, UdpCounter } from './udp-counters.ts';

/** The same bytes seen in three ways; packets begin at multiples of 4 bytes. */
export interface PacketBuffer {
  readonly view: DataView;
  readonly words: Int32Array;
  readonly units: Uint16Array;
}

/** Bytes that a reply buffer must have from the reply's beginning on. */
export const maxReplyBytes = 1472;

/** IPv4 peers that fit into a packet that no Ethernet path needs to fragment. */
const maxIpv4PeersInReply = Math.floor((maxReplyBytes - replyAt.peers) / 6);

/**
 * Transmission asks for so many in one datagram of 2,016 bytes, where BEP 15 speaks of "about 74". The answer stays below
 * the 1,232 bytes that every IPv6 path carries whole.
 */
const mostScrapeHashes = 100;

/** Of one thread and family, to senders that have not proven their address. */
const unprovenErrorsPerSecond = 1000;

/** Splits one allocation into the three views. */
export function packetBuffer(buffer: ArrayBufferLike, byteOffset: number, bytes: number): PacketBuffer {
  return {
    view: new DataView(buffer, byteOffset, bytes),
    words: new Int32Array(buffer, byteOffset, bytes >> 2),
    units: new Uint16Array(buffer, byteOffset, bytes >> 1),
  };
}

/** One for each thread and address family. */
export class UdpAnswers {
  readonly #tracker: Tracker;
  readonly #ids: ConnectionIds;
  readonly #counters: Float64Array;
  readonly #stats: Float64Array;
  readonly #request: PacketBuffer;
  readonly #reply: PacketBuffer;
  readonly #announce = new Announce();
  readonly #counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  readonly #expected = new Int32Array(mostAhead);
  #expectedCount = 0;
  #unprovenAt = -1;
  #unprovenLeft = 0;

  constructor(
    tracker: Tracker,
    ids: ConnectionIds,
    counters: Float64Array,
    family: 4 | 6,
    request: PacketBuffer,
    reply: PacketBuffer,
  ) {
    this.#tracker = tracker;
    this.#ids = ids;
    this.#counters = counters;
    this.#stats = answerStatsOf(counters);
    this.#request = request;
    this.#reply = reply;
    this.#announce.family = family;
    this.#announce.mostPeers = family === 4 ? maxIpv4PeersInReply : maxIpv6PeersInReply;
    this.#announce.infoHash = request.words;
    this.#announce.peerId = request.words;
    this.#announce.out = reply.units;
  }

  /** Notes the packet, if it looks like an announce, for `lookAhead`; up to `mostAhead` of them. */
  expect(at: number, length: number): void {
    if (
      length < announceRequestBytes ||
      this.#request.view.getInt32(at + requestAt.action) !== Action.announce
    )
      return;
    this.#expected[this.#expectedCount++] = (at + requestAt.infoHash) >> 2;
  }

  /** Begins to fetch what the announces expected will need. */
  lookAhead(): void {
    this.#tracker.lookAhead(this.#request.words, this.#expected, this.#expectedCount, this.#announce.family);
    this.#expectedCount = 0;
  }

  /**
   * Answers the packet of `length` bytes at byte `at` of the request buffer with a packet at byte `to` of the reply
   * buffer, and returns that one's length; 0 is silence. The sender's address is 1 or 4 words of `address`. Before the
   * sender has proven that it receives there, an answer is never longer than the question.
   */
  answer(
    at: number,
    length: number,
    address: Int32Array,
    addressAt: number,
    to: number,
    now: number,
  ): number {
    const { view } = this.#request;
    const counters = this.#counters;
    const limits = this.#tracker.protection.udp;
    if (length < requestHeadBytes || mayBeReply(view, at)) return this.#ignore();
    const action = decodeAction(view, at);
    if (action === Action.connect) {
      // Never too many of one address: whoever forges it would keep its owner out. The answer is as short as the
      // question, and costs about as much as finding out whose it is.
      if (!isConnectRequest(view, at, length)) return this.#ignore();
      return this.#connect(at, address, addressAt, to, now);
    }
    const row =
      limits === undefined ? unlimited : limits.rowOf(this.#announce.family, address, addressAt, now);
    // Who is over the limit is not worth a MAC.
    if (row !== unlimited && limits!.isEmpty(row, now)) return this.#shed();
    const high = view.getInt32(at);
    const low = view.getInt32(at + 4);
    if (!this.#ids.matches(this.#announce.family, address, addressAt, now, high, low)) {
      counters[UdpCounter.badConnectionIds]++;
      return this.#refuseUnproven(at, length, to, now);
    }
    if (row !== unlimited) limits!.take(row, now);
    if (action === Action.announce) return this.answerAnnounce(at, length, address, addressAt, to, now);
    if (action === Action.scrape) return this.#answerScrape(at, length, to);
    counters[UdpCounter.malformed]++;
    return this.#refuse(at, to, unknownAction);
  }

  /** Silence for what is no request. */
  #ignore(): number {
    this.#counters[UdpCounter.malformed]++;
    countRefusal(this.#stats, 'malformed');
    return 0;
  }

  /**
   * An error where it is shorter than the question, and silence otherwise and when there were many this second, whoever
   * seemed to ask: it spares an honest client some waiting, and nobody needs it.
   */
  #refuseUnproven(at: number, length: number, to: number, now: number): number {
    if (now !== this.#unprovenAt) {
      this.#unprovenAt = now;
      this.#unprovenLeft = unprovenErrorsPerSecond;
    }
    const answerBytes = errorReplyHeadBytes + unknownConnectionId.message.length;
    if (length <= answerBytes || this.#unprovenLeft === 0) {
      countRefusal(this.#stats, 'bad_connection_id');
      return 0;
    }
    this.#unprovenLeft--;
    return this.#refuse(at, to, unknownConnectionId);
  }

  /** Silence for one who asks too often. */
  #shed(): number {
    this.#counters[UdpCounter.rateLimited]++;
    countRefusal(this.#stats, tooManyRequests.kind);
    return 0;
  }

  #connect(at: number, address: Int32Array, addressAt: number, to: number, now: number): number {
    this.#counters[UdpCounter.connects]++;
    this.#ids.issue(this.#announce.family, address, addressAt, now);
    const transactionId = decodeTransactionId(this.#request.view, at);
    return encodeConnectReply(this.#reply.view, to, transactionId, this.#ids.high, this.#ids.low);
  }

  /** As `answer`, for an announce whose sender has proven its address and not asked too often. */
  answerAnnounce(
    at: number,
    length: number,
    address: Int32Array,
    addressAt: number,
    to: number,
    now: number,
  ): number {
    const announce = this.#announce;
    const { view } = this.#request;
    if (length < announceRequestBytes) {
      this.#counters[UdpCounter.malformed]++;
      return this.#refuse(at, to, announceTooShort);
    }
    decodeAnnounceRequest(view, at, length, announce);
    announce.infoHashAt = (at + requestAt.infoHash) >> 2;
    announce.peerIdAt = (at + requestAt.peerId) >> 2;
    announce.address = address;
    announce.addressAt = addressAt;
    announce.outAt = (to + replyAt.peers) >> 1;
    const failure = this.#tracker.announce(announce, now);
    // Who hears nothing asks again in 15 seconds (BEP 15), and is answered then, or when it is decided.
    if (failure === undecided) return 0;
    if (failure !== undefined) return this.#refuse(at, to, failure);
    this.#counters[UdpCounter.announces]++;
    if (announce.early) this.#counters[UdpCounter.earlyAnnounces]++;
    countAnnounce(this.#stats, announce.family, announce.event);
    const head = encodeAnnounceReplyHead(
      this.#reply.view,
      to,
      decodeTransactionId(view, at),
      this.#tracker.settings.interval,
      announce.incomplete,
      announce.complete,
    );
    return head + announce.peers * (announce.family === 4 ? 6 : 18);
  }

  #answerScrape(at: number, length: number, to: number): number {
    const asked = countScrapeHashes(length);
    if (asked === 0) {
      this.#counters[UdpCounter.malformed]++;
      return this.#refuse(at, to, noInfoHashInScrape);
    }
    // A refusal makes clients ask the same for ever.
    const count = Math.min(asked, this.#tracker.settings.maxScrapeHashes, mostScrapeHashes);
    this.#counters[UdpCounter.scrapes]++;
    encodeScrapeReplyHead(this.#reply.view, to, decodeTransactionId(this.#request.view, at));
    const counts = this.#counts;
    for (let i = 0; i < count; i++) {
      this.#tracker.scrape(this.#request.words, ((at + requestAt.infoHash) >> 2) + i * infoHashWords, counts);
      encodeScrapeCounts(this.#reply.view, to, i, counts.complete, counts.downloaded, counts.incomplete);
    }
    return scrapeReplyHeadBytes + count * scrapeCountsBytes;
  }

  #refuse(at: number, to: number, failure: Failure): number {
    this.#counters[UdpCounter.errors]++;
    countRefusal(this.#stats, failure.kind);
    const transactionId = decodeTransactionId(this.#request.view, at);
    return encodeErrorReply(this.#reply.view, to, transactionId, failure.message);
  }
}
