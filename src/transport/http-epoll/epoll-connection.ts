// One HTTP connection of a socket worker: whose it is, what has come of its next request, what has yet to go out.
import type { ClientAddress } from '../client-address.ts';
import type { Placed } from '../http/connection-order.ts';
import { type AddressPlace, nowhere } from '../http/connection-table.ts';
import type { Timed } from './time-wheel.ts';

export const Phase = {
  /** The PROXY protocol's header has to come first. */
  proxyHeader: 0,
  /** Nothing of the next request has come. */
  idle: 1,
  /** A part of its head has. */
  head: 2,
  /** Answers wait for the client to read; until then nothing is read from it. */
  sending: 3,
  /** It has been told off or answered for the last time; what it still sends is dropped. */
  lingering: 4,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

const noBytes = new Uint8Array(0);

/** Used again for another connection when this one has ended. */
export class EpollConnection implements ClientAddress, Placed<EpollConnection>, Timed<EpollConnection> {
  fd = -1;
  family: 4 | 6 = 4;
  readonly words = new Int32Array(4);
  /** It comes from a trusted proxy, whose X-Forwarded-For is believed. */
  proxied = false;
  /** Where it counts for its address. */
  place: AddressPlace = nowhere;
  phase: Phase = Phase.idle;
  /** What epoll tells of it; 0 when nothing: one that ends with its first answer never needs that. */
  interest = 0;
  /** The number of its reception through io_uring; 0 when there is none. */
  reception = 0;
  /** An answer to it waits for the next submission of io_uring: until then its descriptor must stay open. */
  submitting = false;
  /** Bytes that have come and are not answered yet. */
  partial: Uint8Array = noBytes;
  partialLength = 0;
  /** What has to go out before anything else: `pending[pendingAt ..]`. */
  pending: Uint8Array | undefined;
  pendingAt = 0;
  /** It ends when everything has gone out. */
  ending = false;
  /** Before it ends, what it still sends is read and dropped for a moment. */
  lingers = false;
  /** It has asked something already. */
  asked = false;
  /** Whole seconds of the monotonic clock when its last request came. */
  askedAt = 0;
  deadline = 0;
  wheelBefore: EpollConnection | undefined;
  wheelAfter: EpollConnection | undefined;
  spoke = -1;
  older: EpollConnection | undefined;
  newer: EpollConnection | undefined;

  /** Makes it a new connection's. */
  begin(fd: number, family: 4 | 6, words: Int32Array, proxied: boolean): void {
    this.fd = fd;
    this.setAddress(family, words);
    this.proxied = proxied;
    this.phase = Phase.idle;
    this.interest = 0;
    this.reception = 0;
    this.submitting = false;
    this.ending = false;
    this.asked = false;
    this.lingers = false;
  }

  setAddress(family: 4 | 6, words: Int32Array): void {
    this.family = family;
    for (let i = 0; i < (family === 4 ? 1 : 4); i++) this.words[i] = words[i];
  }

  /** Keeps `bytes[at .. end)` until more comes. */
  keep(bytes: Uint8Array, at: number, end: number): void {
    const length = end - at;
    if (length > this.partial.length) {
      // Few bytes for who sends few, so that many of them cost little.
      this.partial = new Uint8Array(Math.max(256, 2 ** Math.ceil(Math.log2(length))));
    }
    this.partial.set(bytes.subarray(at, end));
    this.partialLength = length;
  }

  /** Keeps `bytes[at .. end)` behind what is kept. */
  keepMore(bytes: Uint8Array, at: number, end: number): void {
    const before = this.partial;
    const length = this.partialLength + end - at;
    if (length > before.length) {
      this.partial = new Uint8Array(Math.max(256, 2 ** Math.ceil(Math.log2(length))));
      this.partial.set(before.subarray(0, this.partialLength));
    }
    this.partial.set(bytes.subarray(at, end), this.partialLength);
    this.partialLength = length;
  }

  /** Lets what has to go out wait until it can, whatever waits already behind it. */
  wait(bytes: Uint8Array): void {
    const behind = this.pending?.subarray(this.pendingAt);
    this.pending = behind === undefined ? bytes : Buffer.concat([bytes, behind]);
    this.pendingAt = 0;
    this.phase = Phase.sending;
  }

  /** Forgets what was kept, and its memory. */
  drop(): void {
    this.partial = noBytes;
    this.partialLength = 0;
  }

  /** Lets go of everything. */
  end(): void {
    this.fd = -1;
    this.drop();
    this.pending = undefined;
  }
}
