// What an HTTP announce or scrape is answered, whichever way requests arrive: query bytes in, bencoded bytes out.
//
// A malformed question closes its connection, a refusal for other reasons does not: "tracker is full" is nobody's
// mistake, and the next question may be answered.

import { ByteWriter } from '../../protocol/byte-writer.ts';
import type { Failure } from '../../protocol/failure.ts';
import { badClientAddress, fullScrapeRefused, undecided } from '../../protocol/failure.ts';
import { decodeHttpAnnounce, HttpAnnounceQuestion } from '../../protocol/http-announce.ts';
import {
  encodeHttpAnnounceReply,
  encodeHttpFailure,
  type HttpAnnounceForm,
} from '../../protocol/http-announce-reply.ts';
import {
  decodeHttpScrape,
  encodeHttpScrapeCounts,
  encodeHttpScrapeHead,
  encodeHttpScrapeTail,
  HttpScrapeQuestion,
} from '../../protocol/http-scrape.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import { peerIdWords } from '../../protocol/peer-id.ts';
import { Announce } from '../../tracker/announce.ts';
import type { Tracker, TrackerSettings } from '../../tracker/tracker.ts';
import { countAnnounce } from '../answer-stats.ts';
import type { ClientAddress } from '../client-address.ts';
import type { HttpCounters } from './http-counters.ts';

/**
 * What became of a question; of a `badQuestion` the client had better think again before it asks on. One that is
 * `undecided` has no answer and does not count.
 */
export const Outcome = { answered: 0, refused: 1, badQuestion: 2, fullScrape: 3, undecided: 4 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** 16-bit units of the longest compact peer, an IPv6 peer. */
const unitsPerPeer = 9;

/** One for each thread; it answers one question at a time and allocates next to nothing. */
export class HttpAnswers {
  /** The answer to the last question, until the next one; nothing for a full scrape. */
  readonly writer = new ByteWriter(4096);
  readonly #tracker: Tracker;
  readonly #counters: HttpCounters;
  readonly #announce = new Announce();
  readonly #question = new HttpAnnounceQuestion();
  #settings!: TrackerSettings;
  #form!: HttpAnnounceForm;
  #peerIds!: Int32Array;
  #scrape!: HttpScrapeQuestion;
  #scrapeWords!: Int32Array;
  readonly #counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };

  constructor(tracker: Tracker, counters: HttpCounters) {
    this.#tracker = tracker;
    this.#counters = counters;
    // What is decoded into the question is already where the tracker reads it.
    this.#announce.infoHash = new Int32Array(this.#question.infoHash.buffer);
    this.#announce.peerId = new Int32Array(this.#question.peerId.buffer);
    this.#takeUpSettings();
  }

  /** What an answer is laid out in, as the settings want it now. */
  #takeUpSettings(): void {
    const { settings } = this.#tracker;
    const { maxPeers, maxScrapeHashes, trackerId, interval, minInterval } = settings;
    this.#settings = settings;
    const units = new Uint16Array(maxPeers * unitsPerPeer);
    this.#peerIds = new Int32Array(maxPeers * peerIdWords);
    this.#announce.out = units;
    this.#announce.mostPeers = maxPeers;
    this.#form = {
      interval,
      minInterval,
      trackerId: new TextEncoder().encode(trackerId),
      compact: true,
      noPeerId: false,
      peers: new Uint8Array(units.buffer),
      peerIds: new Uint8Array(this.#peerIds.buffer),
    };
    this.#scrape = new HttpScrapeQuestion(maxScrapeHashes);
    this.#scrapeWords = new Int32Array(this.#scrape.infoHashes.buffer);
  }

  /**
   * Answers the announce whose query is `bytes[at .. end)`, coming from `client`, or from an address that cannot be
   * told; `now` as for the tracker.
   */
  announce(
    bytes: Uint8Array,
    at: number,
    end: number,
    client: ClientAddress | undefined,
    now: number,
  ): Outcome {
    this.#counters.announces++;
    if (this.#tracker.settings !== this.#settings) this.#takeUpSettings();
    if (client === undefined) return this.#refuse(badClientAddress, Outcome.refused);
    const question = this.#question;
    const malformed = decodeHttpAnnounce(bytes, at, end, question);
    if (malformed !== undefined) return this.#refuse(malformed, Outcome.badQuestion);
    const announce = this.#announce;
    announce.address = client.words;
    announce.family = client.family;
    announce.port = question.port;
    announce.event = question.event;
    announce.seeding = question.seeding;
    announce.numwant = question.numwant;
    announce.fillWithIpv4 = client.family === 6 && this.#tracker.settings.ipv4Mapped;
    announce.outPeerIds = question.compact || question.noPeerId ? undefined : this.#peerIds;
    const failure = this.#tracker.announce(announce, now);
    if (failure === undecided) {
      this.#counters.announces--;
      return Outcome.undecided;
    }
    if (failure !== undefined) return this.#refuse(failure, Outcome.refused);
    if (announce.early) this.#counters.earlyAnnounces++;
    countAnnounce(this.#counters.stats, announce.family, announce.event);
    this.#form.compact = question.compact;
    this.#form.noPeerId = question.noPeerId;
    this.writer.clear();
    encodeHttpAnnounceReply(this.writer, announce, this.#form);
    return Outcome.answered;
  }

  /** Answers the scrape whose query is `bytes[at .. end)`; `fullScrape` when all is asked for and may be given. */
  scrape(bytes: Uint8Array, at: number, end: number): Outcome {
    this.#counters.scrapes++;
    if (this.#tracker.settings !== this.#settings) this.#takeUpSettings();
    const question = this.#scrape;
    const malformed = decodeHttpScrape(bytes, at, end, question);
    if (malformed !== undefined) return this.#refuse(malformed, Outcome.badQuestion);
    if (question.count === 0) {
      if (!this.#tracker.settings.fullScrape) return this.#refuse(fullScrapeRefused, Outcome.refused);
      this.#counters.fullScrapes++;
      return Outcome.fullScrape;
    }
    const { writer } = this;
    writer.clear();
    encodeHttpScrapeHead(writer);
    for (let i = 0; i < question.count; i++) {
      this.#tracker.scrape(this.#scrapeWords, i * infoHashWords, this.#counts);
      encodeHttpScrapeCounts(writer, question.infoHashes, i * 20, this.#counts);
    }
    encodeHttpScrapeTail(writer, this.#tracker.settings.minInterval);
    return Outcome.answered;
  }

  /** Makes `bytes` the answer. */
  take(bytes: Uint8Array): void {
    this.writer.clear();
    this.writer.raw(bytes);
  }

  /** Makes `failure` the answer. */
  refuse(failure: Failure): Outcome {
    return this.#refuse(failure, Outcome.refused);
  }

  #refuse(failure: Failure, outcome: Outcome): Outcome {
    this.#counters.countFailure(failure);
    this.writer.clear();
    encodeHttpFailure(this.writer, failure.message, failure.retryIn);
    return outcome;
  }
}
