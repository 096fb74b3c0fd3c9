// WebTorrent on one thread: what each message is answered.

import { Event } from '../../protocol/event.ts';
import {
  type Failure,
  fullScrapeRefused,
  fullScrapeTooLarge,
  internalError,
  peerIdTaken,
  tooManyRequests,
  tooManyTorrents,
  undecided,
} from '../../protocol/failure.ts';
import { decodeWebTorrent, WebTorrentMessage } from '../../protocol/webtorrent-message.ts';
import {
  encodeWebTorrentFailure,
  encodeWebTorrentReply,
  encodeWebTorrentScrapeEntry,
  encodeWebTorrentScrapeHead,
  encodeWebTorrentScrapeTail,
  type WebTorrentReply,
} from '../../protocol/webtorrent-replies.ts';
import { ConnectionVisit, holderField } from '../../tracker/connection-peers.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker, TrackerSettings } from '../../tracker/tracker.ts';
import { countAnnounce, countLatency } from '../answer-stats.ts';
import type { ClientAddress } from '../client-address.ts';
import { FrameWriter } from './frame-writer.ts';
import type { Mailboxes } from './mailboxes.ts';
import { membershipWords } from './memberships.ts';
import { Relay } from './relay.ts';
import type { Carrier, WebSocket } from './web-socket.ts';
import { type WebSocketOwner, WebSockets } from './web-sockets.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';
import { defaultWebTorrentLimits, type WebTorrentLimits } from './webtorrent-limits.ts';

/** Seconds after which another thread will have decided about a torrent. */
const undecidedRetry = 15;

export interface WebTorrentOptions {
  readonly tracker: Tracker;
  readonly counters: WebTorrentCounters;
  readonly mailboxes: Mailboxes;
  /** This thread's number. */
  readonly thread: number;
  /** Two random words, the same for all threads: nobody else can name an offer. */
  readonly offerKey: Int32Array;
  /** Whole seconds of the monotonic clock that all threads share. */
  readonly clock: () => number;
  /** Told of a defect of ours while answering; the client is told `internal error`. */
  readonly onException: (error: unknown) => void;
  readonly limits?: WebTorrentLimits;
  /** Milliseconds of performance.now(), unless a test has another clock. */
  readonly nowMs?: () => number;
}

/** The most that the settings may allow in a scrape. */
const roomForHashes = 100;

export class WebTorrent implements WebSocketOwner {
  readonly sockets: WebSockets;
  readonly #options: WebTorrentOptions;
  readonly #limits: WebTorrentLimits;
  readonly #counters: WebTorrentCounters;
  readonly #message: WebTorrentMessage;
  readonly #visit = new ConnectionVisit();
  /** What is decoded into the message is already where the store reads it. */
  readonly #infoHashes: Int32Array;
  readonly #peerId: Int32Array;
  readonly #toPeerId: Int32Array;
  readonly #frame = new FrameWriter();
  readonly #writer = this.#frame.message;
  #settings!: TrackerSettings;
  #reply!: WebTorrentReply;
  readonly #relay: Relay;
  readonly #counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };

  constructor(options: WebTorrentOptions) {
    const { tracker, counters, limits = defaultWebTorrentLimits } = options;
    this.#options = options;
    this.#limits = limits;
    this.#counters = counters;
    this.#message = new WebTorrentMessage(limits.maxOffers, roomForHashes);
    const { infoHashes, peerId, toPeerId } = this.#message;
    this.#infoHashes = new Int32Array(infoHashes.buffer);
    this.#peerId = new Int32Array(peerId.buffer);
    this.#toPeerId = new Int32Array(toPeerId.buffer);
    this.#visit.infoHash = this.#infoHashes;
    this.#takeUpSettings(tracker.settings);
    this.sockets = new WebSockets({ ...options, limits }, this);
    const forget = (wanted: Uint8Array, place: number, generation: number) =>
      this.#forget(wanted, place, generation);
    this.#relay = new Relay(this.sockets, this.#frame, this.#message, { ...options, limits, forget });
  }

  /** Begins with a connection whose handshake is over; undefined when there is no place for it. */
  open(
    carrier: Carrier,
    client: ClientAddress,
    secure: boolean,
    speaksForMany = false,
  ): WebSocket | undefined {
    return this.sockets.open(carrier, client, secure, speaksForMany);
  }

  /** Takes what other threads have posted. */
  readLetters(): void {
    this.#relay.readLetters();
  }

  message(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void {
    const start = performance.now();
    try {
      this.#answer(socket, bytes, at, end);
      countLatency(this.#counters.stats, performance.now() - start, 1);
    } catch (error) {
      this.#fail(socket, error);
    }
  }

  /** A connection that has ended is a `stopped` of all its peers. */
  ended(socket: WebSocket): void {
    const { memberships } = socket;
    const visit = this.#visitOf(socket);
    visit.infoHash = visit.peerId = memberships.words;
    for (let number = 0; number < memberships.count; number++) {
      visit.infoHashAt = number * membershipWords;
      visit.peerIdAt = visit.infoHashAt + 5;
      this.#options.tracker.connections.stop(visit);
    }
    memberships.clear();
    this.#restoreVisit();
  }

  #takeUpSettings(settings: TrackerSettings): void {
    const { maxScrapeHashes, trackerId, interval } = settings;
    this.#settings = settings;
    this.#message.mostHashes = Math.min(maxScrapeHashes, roomForHashes);
    this.#reply = { interval, complete: 0, incomplete: 0, trackerId: latin1Bytes(trackerId) };
  }

  #answer(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void {
    const message = this.#message;
    const { settings } = this.#options.tracker;
    if (settings !== this.#settings) this.#takeUpSettings(settings);
    const failure = decodeWebTorrent(bytes, at, end, message);
    switch (message.kind) {
      case 'scrape':
        this.#counters.scrapes++;
        break;
      case 'answer':
        this.#counters.answers++;
        break;
      case 'announce':
        this.#counters.announces++;
    }
    if (this.#takesTooMuch(socket)) this.#refuse(socket, tooManyRequests);
    else if (failure !== undefined) this.#refuse(socket, failure);
    else if (message.kind === 'scrape') this.#scrape(socket);
    else if (message.kind === 'answer') this.#relayAnswer(socket, bytes);
    else this.#announce(socket, bytes, at, end);
  }

  /** Makes an announce once more that has been decided about, if its connection is still there. */
  #announceAgain(place: number, generation: number, bytes: Uint8Array): void {
    const socket = this.sockets.at(place, generation);
    if (socket === undefined) return;
    try {
      decodeWebTorrent(bytes, 0, bytes.length, this.#message);
      this.#announce(socket, bytes, 0, bytes.length);
    } catch (error) {
      this.#fail(socket, error);
    }
  }

  #fail(socket: WebSocket, error: unknown): void {
    this.#counters.exceptions++;
    this.#options.onException(error);
    this.#refuse(socket, internalError);
  }

  #takesTooMuch(socket: WebSocket): boolean {
    const limits = this.#options.tracker.protection.http;
    if (limits === undefined || socket.speaksForMany) return false;
    const now = this.#options.clock();
    const row = limits.rowOf(socket.family, socket.words, 0, now);
    return row !== unlimited && !limits.take(row, now);
  }

  #announce(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void {
    const message = this.#message;
    const { tracker, clock } = this.#options;
    const visit = this.#visitOf(socket);
    visit.event = message.event;
    visit.seeding = message.seeding;
    if (message.event === Event.stopped) {
      if (tracker.connections.stop(visit)) socket.memberships.remove(this.#infoHashes, this.#peerId);
      this.#sendReply(socket, visit);
      return;
    }
    if (socket.memberships.count >= this.#limits.maxTorrents && !this.#isMember(visit)) {
      this.#refuse(socket, tooManyTorrents);
      return;
    }
    const now = clock();
    const wanted = this.#offersToRelay(socket, now);
    const joined = tracker.connections.announce(visit, wanted, now);
    if (joined === 'taken') {
      this.#relay.askHolder(visit.holder);
      this.#refuse(socket, peerIdTaken, Math.ceil(this.#limits.pongMs / 1000) + 2);
      return;
    }
    if (joined === undecided && tracker.decisions !== undefined) {
      const { place, generation } = socket;
      const announced = bytes.slice(at, end);
      tracker.decisions.whenDecided(() => this.#announceAgain(place, generation, announced));
      return;
    }
    if (joined !== 'joined' && joined !== 'renewed') {
      this.#refuse(socket, joined, joined === undecided ? undecidedRetry : undefined);
      return;
    }
    if (joined === 'joined') this.#remember(socket);
    this.#sendReply(socket, visit);
    this.#relay.offers(socket, visit, bytes, now);
  }

  /** How many of the offers may go to somebody. */
  #offersToRelay(socket: WebSocket, now: number): number {
    const { offerCount, numwant } = this.#message;
    const { offerSeconds, maxOffersPerConnection } = this.#limits;
    if (now - socket.offersSince >= offerSeconds) {
      socket.offersSince = now;
      socket.offers = 0;
    }
    const wanted = numwant >= 0 && numwant < offerCount ? numwant : offerCount;
    return Math.min(wanted, maxOffersPerConnection - socket.offers);
  }

  /** Sends an answer to whom the offer came from; what fits no offer is dropped without a word. */
  #relayAnswer(socket: WebSocket, bytes: Uint8Array): void {
    const visit = this.#visitOf(socket);
    visit.peerId = this.#toPeerId;
    const found = this.#options.tracker.connections.find(visit);
    visit.peerId = this.#peerId;
    if (found) this.#relay.answer(socket, visit.holder, bytes);
    else this.#counters.answersUnmatched++;
  }

  /** Takes a peer out whose connection is no more, as of a thread that has failed. */
  #forget(wanted: Uint8Array, place: number, generation: number): void {
    const visit = this.#visit;
    visit.infoHash = visit.peerId = new Int32Array(wanted.slice().buffer);
    visit.infoHashAt = 0;
    visit.peerIdAt = 5;
    visit.place = place;
    visit.generation = generation;
    this.#options.tracker.connections.stop(visit);
    this.#restoreVisit();
  }

  #scrape(socket: WebSocket): void {
    const { hashCount, infoHashes } = this.#message;
    const { tracker } = this.#options;
    if (hashCount === 0) {
      this.#scrapeAll(socket);
      return;
    }
    this.#frame.begin();
    encodeWebTorrentScrapeHead(this.#writer);
    for (let i = 0; i < hashCount; i++) {
      tracker.scrape(this.#infoHashes, i * 5, this.#counts);
      encodeWebTorrentScrapeEntry(this.#writer, i, infoHashes, i * 20, this.#counts);
    }
    encodeWebTorrentScrapeTail(this.#writer, tracker.settings.minInterval);
    this.#send(socket);
  }

  #scrapeAll(socket: WebSocket): void {
    const { tracker } = this.#options;
    if (!tracker.settings.fullScrape) this.#refuse(socket, fullScrapeRefused);
    else if (tracker.swarmCount > this.#limits.maxFullScrape) this.#refuse(socket, fullScrapeTooLarge);
    else {
      this.#counters.fullScrapes++;
      this.#frame.begin();
      encodeWebTorrentScrapeHead(this.#writer);
      let index = 0;
      for (const swarm of tracker.scrapeAll()) {
        if (swarm === undefined) continue;
        encodeWebTorrentScrapeEntry(this.#writer, index++, swarm.infoHash, 0, swarm);
      }
      encodeWebTorrentScrapeTail(this.#writer, tracker.settings.minInterval);
      this.#send(socket);
    }
  }

  #sendReply(socket: WebSocket, { complete, incomplete, event, family }: ConnectionVisit): void {
    const reply = this.#reply;
    reply.complete = complete;
    reply.incomplete = incomplete;
    countAnnounce(this.#counters.stats, family, event);
    this.#frame.begin();
    encodeWebTorrentReply(this.#writer, this.#message.infoHashes, 0, reply);
    this.#send(socket);
  }

  /** `retryIn`: seconds after which it may be otherwise. */
  #refuse(socket: WebSocket, failure: Failure, retryIn = this.#options.tracker.settings.interval): void {
    const { kind, infoHashes, hashCount } = this.#message;
    this.#counters.countFailure(failure);
    // Nobody waits for a reply to an answer.
    if (kind === 'answer') return;
    this.#frame.begin();
    encodeWebTorrentFailure(this.#writer, kind, infoHashes, hashCount, failure.message, retryIn);
    this.#send(socket);
  }

  /** Notes in the connection what it has announced for the first time. */
  #remember(socket: WebSocket): void {
    const { memberships } = socket;
    // It may have been forgotten for want of memory, and stand there still.
    memberships.remove(this.#infoHashes, this.#peerId);
    memberships.add(this.#infoHashes, this.#peerId, (number) => {
      const visit = this.#visit;
      visit.infoHash = visit.peerId = memberships.words;
      visit.infoHashAt = number * membershipWords;
      visit.peerIdAt = visit.infoHashAt + 5;
      return !this.#isMember(visit);
    });
    this.#restoreVisit();
  }

  /** Whether the visit's peer is there, and its connection's. */
  #isMember(visit: ConnectionVisit): boolean {
    return (
      this.#options.tracker.connections.find(visit) &&
      visit.holder[holderField.place] === visit.place &&
      visit.holder[holderField.generation] === visit.generation
    );
  }

  #visitOf(socket: WebSocket): ConnectionVisit {
    const visit = this.#visit;
    visit.address = socket.words;
    visit.family = socket.family;
    visit.place = socket.place;
    visit.generation = socket.generation;
    visit.seeding = false;
    visit.event = Event.none;
    this.#restoreVisit();
    return visit;
  }

  /** What the visit reads is what the message says. */
  #restoreVisit(): void {
    const visit = this.#visit;
    visit.infoHash = this.#infoHashes;
    visit.peerId = this.#peerId;
    visit.infoHashAt = visit.peerIdAt = 0;
  }

  #send(socket: WebSocket): void {
    const at = this.#frame.end();
    this.sockets.send(socket, this.#writer.bytes, at, this.#writer.length);
  }
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
