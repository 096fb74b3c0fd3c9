// WebTorrent on one thread: what each message is answered.

import { Event } from '../../protocol/event.ts';
import {
  type Failure,
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
  type WebTorrentReply,
} from '../../protocol/webtorrent-replies.ts';
import type { ConnectionVisit } from '../../tracker/connection-peers.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker, TrackerSettings } from '../../tracker/tracker.ts';
import { countAnnounce, countLatency } from '../answer-stats.ts';
import type { ClientAddress } from '../client-address.ts';
import { FrameWriter } from './frame-writer.ts';
import type { Mailboxes } from './mailboxes.ts';
import { Relay } from './relay.ts';
import { SocketPeers } from './socket-peers.ts';
import type { Carrier, WebSocket } from './web-socket.ts';
import { type WebSocketOwner, WebSockets } from './web-sockets.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';
import { defaultWebTorrentLimits, type WebTorrentLimits } from './webtorrent-limits.ts';
import { WebTorrentScrapes } from './webtorrent-scrapes.ts';

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
  readonly #frame = new FrameWriter();
  readonly #writer = this.#frame.message;
  #settings!: TrackerSettings;
  #reply!: WebTorrentReply;
  readonly #peers: SocketPeers;
  readonly #relay: Relay;
  readonly #scrapes: WebTorrentScrapes;

  constructor(options: WebTorrentOptions) {
    const { tracker, counters, limits = defaultWebTorrentLimits } = options;
    this.#options = options;
    this.#limits = limits;
    this.#counters = counters;
    this.#message = new WebTorrentMessage(limits.maxOffers, roomForHashes);
    this.#peers = new SocketPeers(this.#message, tracker.connections);
    this.#takeUpSettings(tracker.settings);
    this.sockets = new WebSockets({ ...options, limits }, this);
    const forget = (wanted: Uint8Array, place: number, generation: number) =>
      this.#peers.forget(wanted, place, generation);
    this.#relay = new Relay(this.sockets, this.#frame, this.#message, { ...options, limits, forget });
    this.#scrapes = new WebTorrentScrapes(this.#frame, this.#message, { tracker, counters, limits });
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
    this.#peers.stopAll(socket);
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
    const visit = this.#peers.visitOf(socket);
    visit.event = message.event;
    visit.seeding = message.seeding;
    if (message.event === Event.stopped) {
      this.#peers.stop(socket, visit);
      this.#sendReply(socket, visit);
      return;
    }
    if (socket.memberships.count >= this.#limits.maxTorrents && !this.#peers.isMember(visit)) {
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
    if (joined === 'joined') this.#peers.remember(socket);
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
    const holder = this.#peers.offererOf(socket);
    if (holder !== undefined) this.#relay.answer(socket, holder, bytes);
    else this.#counters.answersUnmatched++;
  }

  #scrape(socket: WebSocket): void {
    const failure = this.#scrapes.write();
    if (failure === undefined) this.#send(socket);
    else this.#refuse(socket, failure);
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

  #send(socket: WebSocket): void {
    const at = this.#frame.end();
    this.sockets.send(socket, this.#writer.bytes, at, this.#writer.length);
  }
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
