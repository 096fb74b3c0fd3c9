// How offers and answers reach other connections, of this thread and of others, and what others send to those of this one.
import { idBytes, type WebTorrentMessage } from '../../protocol/webtorrent-message.ts';
import { encodeDescription, type RelayedDescription } from '../../protocol/webtorrent-replies.ts';
import { type ConnectionVisit, holderField, holderWords, threadOf } from '../../tracker/connection-peers.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Letter, Mailboxes } from './mailboxes.ts';
import { OfferNames } from './offer-names.ts';
import { OutstandingOffers } from './outstanding-offers.ts';
import type { WebSocket } from './web-socket.ts';
import type { WebSockets } from './web-sockets.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';

/** What letters between threads are about. */
const Post = {
  /** A frame for a connection. */
  frame: 0,
  /** A frame with an answer, for a connection that made this offer. */
  answer: 1,
  /** Somebody else wants the peer_id (info_hash and peer_id follow) of this connection, if it is still there. */
  ping: 2,
} as const;

/** A holder is asked for a peer by its info_hash and peer_id. */
const wantedBytes = 2 * idBytes;

export interface RelayOptions {
  readonly counters: WebTorrentCounters;
  readonly mailboxes: Mailboxes;
  /** This thread's number. */
  readonly thread: number;
  /** Two random words, the same for all threads: nobody else can name an offer. */
  readonly offerKey: Int32Array;
  /** Whole seconds of the monotonic clock that all threads share. */
  readonly clock: () => number;
  readonly limits: { readonly offerSeconds: number };
  /** Takes a peer out whose connection is no more: info_hash and peer_id, and which connection held it. */
  readonly forget: (wanted: Uint8Array, place: number, generation: number) => void;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #sockets: WebSockets;
  readonly #frame: FrameWriter;
  readonly #counters: WebTorrentCounters;
  readonly #message: WebTorrentMessage;
  readonly #infoHash: Int32Array;
  readonly #peerId: Int32Array;
  readonly #toPeerId: Int32Array;
  readonly #relayed: RelayedDescription;
  readonly #names: OfferNames;
  readonly #outstanding: OutstandingOffers;
  readonly #wanted = new Uint8Array(wantedBytes);

  /** @param message what has been read last, whose offers and answers these are */
  constructor(sockets: WebSockets, frame: FrameWriter, message: WebTorrentMessage, options: RelayOptions) {
    this.#options = options;
    this.#sockets = sockets;
    this.#frame = frame;
    this.#counters = options.counters;
    this.#message = message;
    const { infoHashes, peerId, toPeerId, offerId } = message;
    this.#infoHash = new Int32Array(infoHashes.buffer);
    this.#peerId = new Int32Array(peerId.buffer);
    this.#toPeerId = new Int32Array(toPeerId.buffer);
    this.#relayed = {
      type: 'offer',
      infoHash: infoHashes,
      infoHashAt: 0,
      peerId,
      peerIdAt: 0,
      offerId,
      offerIdAt: 0,
      sdp: infoHashes,
      sdpAt: 0,
      sdpEnd: 0,
    };
    this.#names = new OfferNames(options.offerKey);
    this.#outstanding = new OutstandingOffers(options.limits.offerSeconds);
  }

  /** Each offer goes to one of the peers that the store has chosen. `bytes` hold the message. */
  offers(socket: WebSocket, { others, otherCount }: ConnectionVisit, bytes: Uint8Array, now: number): void {
    const { offerCount, offerIds, sdpAt, sdpEnd } = this.#message;
    const relayed = this.#relayed;
    relayed.type = 'offer';
    relayed.offerId = offerIds;
    relayed.sdp = bytes;
    socket.offers += otherCount;
    this.#counters.offersUnsent += offerCount - otherCount;
    for (let i = 0; i < otherCount; i++) {
      const place = others[i * holderWords + holderField.place];
      const generation = others[i * holderWords + holderField.generation];
      relayed.offerIdAt = i * idBytes;
      relayed.sdpAt = sdpAt[i];
      relayed.sdpEnd = sdpEnd[i];
      const name = this.#names.nameOf(this.#infoHash, this.#peerId, offerIds, i * idBytes, place, generation);
      this.#outstanding.add(name.low, name.high, now);
      if (this.#deliver(place, generation)) this.#counters.offersRelayed++;
      else this.#counters.offersUnsent++;
    }
  }

  /** Sends an answer to the holder that the offer came from; what fits no offer is dropped without a word. */
  answer(socket: WebSocket, holder: Int32Array, bytes: Uint8Array): void {
    const { offerId, answerSdpAt, answerSdpEnd } = this.#message;
    const { clock, thread } = this.#options;
    const place = holder[holderField.place];
    const generation = holder[holderField.generation];
    const { low, high } = this.#names.nameOf(
      this.#infoHash,
      this.#toPeerId,
      offerId,
      0,
      socket.place,
      socket.generation,
    );
    const isHere = threadOf(place) === thread;
    if (isHere && !this.#outstanding.take(low, high, clock())) {
      this.#counters.answersUnmatched++;
      return;
    }
    const relayed = this.#relayed;
    relayed.type = 'answer';
    relayed.offerId = offerId;
    relayed.offerIdAt = 0;
    relayed.sdp = bytes;
    relayed.sdpAt = answerSdpAt;
    relayed.sdpEnd = answerSdpEnd;
    if (isHere) {
      if (this.#deliver(place, generation)) this.#counters.answersRelayed++;
      return;
    }
    const frame = this.#frame;
    encodeDescription(frame.begin(), relayed);
    const at = frame.end();
    this.#post(Post.answer, place, generation, low, high, frame.message.bytes, at, frame.message.length);
  }

  /** Has the connection asked that holds a peer which another wants to be; it is the other's if it does not answer. */
  askHolder(holder: Int32Array): void {
    const place = holder[holderField.place];
    const generation = holder[holderField.generation];
    this.#wanted.set(this.#message.infoHashes.subarray(0, idBytes));
    this.#wanted.set(this.#message.peerId, idBytes);
    if (threadOf(place) !== this.#options.thread) {
      this.#post(Post.ping, place, generation, 0, 0, this.#wanted, 0, wantedBytes);
      return;
    }
    this.#ping(place, generation, this.#wanted);
  }

  /** Takes what other threads have posted. */
  readLetters(): void {
    this.#options.mailboxes.read(this.#takeLetter);
  }

  /** Sends what is to be relayed to a connection of this thread, or to its thread. */
  #deliver(place: number, generation: number): boolean {
    const frame = this.#frame;
    encodeDescription(frame.begin(), this.#relayed);
    const at = frame.end();
    const { bytes, length } = frame.message;
    if (threadOf(place) !== this.#options.thread)
      return this.#post(Post.frame, place, generation, 0, 0, bytes, at, length);
    const socket = this.#sockets.at(place, generation);
    if (socket === undefined) return false;
    this.#sockets.send(socket, bytes, at, length);
    return true;
  }

  #post(
    kind: number,
    place: number,
    generation: number,
    low: number,
    high: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): boolean {
    const { mailboxes } = this.#options;
    if (mailboxes.post(threadOf(place), kind, place, generation, low, high, bytes, at, end)) return true;
    this.#counters.lettersDropped++;
    return false;
  }

  #takeLetter = (letter: Letter): void => {
    const { kind, place, generation, bytes, at, end } = letter;
    if (kind === Post.ping) {
      this.#ping(place, generation, bytes.slice(at, end));
      return;
    }
    const socket = this.#sockets.at(place, generation);
    const isWanted =
      kind !== Post.answer || this.#outstanding.take(letter.low, letter.high, this.#options.clock());
    if (!isWanted) {
      this.#counters.answersUnmatched++;
      return;
    }
    if (socket === undefined) {
      if (kind === Post.frame) this.#counters.offersUnsent++;
      return;
    }
    if (kind === Post.answer) this.#counters.answersRelayed++;
    this.#sockets.send(socket, bytes, at, end);
  };

  #ping(place: number, generation: number, wanted: Uint8Array): void {
    const socket = this.#sockets.at(place, generation);
    if (socket !== undefined) this.#sockets.ping(socket);
    else this.#options.forget(wanted, place, generation);
  }
}
