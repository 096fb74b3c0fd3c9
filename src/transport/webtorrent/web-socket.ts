// One WebSocket of a WebTorrent client: who it is, what it has announced, and what is under way on it.
import type { PartialMessage } from '../../protocol/websocket-reader.ts';
import type { ClientAddress } from '../client-address.ts';
import { Memberships } from './memberships.ts';

/** What brings a WebSocket's bytes to the other end, over TLS or not. */
export interface Carrier {
  /** Sends `bytes[at .. end)`; keeps a copy of what cannot leave at once. */
  send(bytes: Uint8Array, at: number, end: number): void;
  /** How many bytes are kept. */
  readonly backlog: number;
  /** Ends the connection when what is kept has left. */
  finish(): void;
  /** Ends it at once. */
  cut(): void;
}

/** Small, as most of them are idle. */
export class WebSocket implements ClientAddress {
  readonly carrier: Carrier;
  readonly family: 4 | 6;
  readonly words: Int32Array;
  readonly secure: boolean;
  /** A trusted proxy that does not say for whom: its rate is not limited. */
  readonly speaksForMany: boolean;
  /** Which of its thread's it is, and a number that no other connection has or had. */
  readonly place: number;
  readonly generation: number;
  partial: PartialMessage | undefined = undefined;
  /** Milliseconds of performance.now(); 0 when there is no such thing. */
  partialSince = 0;
  heardAt: number;
  pingedAt = 0;
  closedAt = 0;
  stalledAt = 0;
  /** Bytes that waited when it was looked at last. */
  backlogBefore = 0;
  /** Offers relayed since a second of the monotonic clock. */
  offers = 0;
  offersSince = 0;
  readonly memberships = new Memberships();

  constructor(
    carrier: Carrier,
    { family, words }: ClientAddress,
    secure: boolean,
    speaksForMany: boolean,
    place: number,
    generation: number,
    now: number,
  ) {
    this.carrier = carrier;
    this.family = family;
    this.words = words;
    this.secure = secure;
    this.speaksForMany = speaksForMany;
    this.place = place;
    this.generation = generation;
    this.heardAt = now;
  }

  /** Whether messages are still read from it and sent to it. */
  get isOpen(): boolean {
    return this.closedAt === 0;
  }
}
