// Stream sockets read and written through io_uring: what comes lies in buffers by itself, what goes leaves with one call for all.
import { errno, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL } from '../layouts.ts';
import type { SystemCalls } from '../system-calls.ts';
import { BufferRing } from './buffer-ring.ts';
import { IoUring, pointerTo } from './io-uring.ts';

const OP_ASYNC_CANCEL = 14;
const OP_SEND = 26;
const OP_RECV = 27;
const BUFFER_SELECT = 1 << 5;
const SKIP_SUCCESS = 1 << 6;
const POLL_FIRST = 1;
const MULTISHOT = 1 << 1;

/** Goes on receiving until it is said to have ended; first waits, as the socket has just been read. */
const receiveKind = OP_RECV | (BUFFER_SELECT << 8) | ((MULTISHOT | POLL_FIRST) << 16);
/** Tells of itself only if it fails. */
const sendKind = OP_SEND | (SKIP_SUCCESS << 8);
const cancelKind = OP_ASYNC_CANCEL | (SKIP_SUCCESS << 8);
/** All or an error, which a part counts as, as nothing is told of success. */
const sendFlags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
const BUFFER = 1;
const MORE = 1 << 1;
const BUFFER_SHIFT = 16;

/** So many receptions and sends may be put in before they are submitted. */
export const submissions = 1024;
const completions = 16 * 1024;
/**
 * So many sockets may be received from at a time. Each has a last completion, and each buffer one: together with the sends
 * of one call they always fit, so that the kernel never has to keep some back.
 */
export const mostReceiving = completions - 4 * submissions;
/** For a socket from which much comes at once, how often it is asked to be left alone. */
const mostCancels = 1000;
/** The word that tells sends from receptions, which count up from 1. */
const sendMark = -1;

export const receiveBuffers = 512;
/** Longer than most requests; those that are longer come in parts. */
export const receiveBufferBytes = 1024;

/** Told of what was sent only in part: what is left of send `index` after `sent` bytes. */
export type OnUnsent = (index: number, sent: number) => void;

/** Belongs to the thread that makes it. */
export class StreamRing {
  /** To be watched with EPOLLIN | EPOLLET: it is written to when `fetch` would find something. */
  readonly fd: number;
  /** What `next` took: from which descriptor, in which reception of it, how many bytes and where of the buffers' region. */
  from = 0;
  reception = 0;
  /** Bytes; 0 when the other side has ended, otherwise an error number below zero. */
  count = 0;
  at = 0;
  /** The reception has ended with this. */
  isLast = false;
  readonly #ring: IoUring;
  readonly #buffers: BufferRing;
  readonly #output: Int32Array;
  readonly #nowhere = pointerTo(0);
  readonly #onUnsent: (index: number, result: number) => void;
  #receptions = 0;
  #buffer = -1;

  /**
   * @param buffers address of `receiveBuffers` of `receiveBufferBytes`, one behind the other
   * @param output address of what sends are made from
   * @throws SystemCallError when the kernel does not let us have a ring
   */
  constructor(calls: SystemCalls, buffers: number, output: number, onUnsent: OnUnsent) {
    this.#ring = new IoUring(calls, submissions, completions);
    try {
      this.#buffers = new BufferRing(calls, this.#ring.fd, buffers, receiveBuffers, receiveBufferBytes);
    } catch (error) {
      this.#ring.close();
      throw error;
    }
    this.fd = this.#ring.wakes;
    this.#output = pointerTo(output);
    this.#onUnsent = (index, result) => onUnsent(index, Math.max(result, 0));
  }

  /** Begins to receive, with the next `submit`, until the reception ends or is ended: its number, above 0. */
  receive(fd: number): number {
    if (!this.#ring.hasRoom) this.submit();
    this.#receptions = this.#receptions === 0x7fffffff ? 1 : this.#receptions + 1;
    this.#ring.put(receiveKind, fd, this.#nowhere, 0, 0, 0, fd, this.#receptions);
    return this.#receptions;
  }

  /**
   * Sends `output[at .. end)` with the next `submit`; until then the descriptor must stay open, and the bytes as they are.
   * Two in one `submit` on one descriptor are not kept in order. There must be room.
   */
  send(fd: number, at: number, end: number, index: number): void {
    this.#ring.put(sendKind, fd, this.#output, at, end - at, sendFlags, index, sendMark);
  }

  /** Whether something was put in and is not submitted. */
  get isOwed(): boolean {
    return this.#ring.isOwed;
  }

  /** Whether `send` may be called. */
  get hasRoom(): boolean {
    return this.#ring.hasRoom;
  }

  /** Has everything begin or leave that was put in, and tells of what did not leave. */
  submit(): void {
    if (this.#ring.isOwed) this.#ring.enter(false, sendMark, this.#onUnsent);
  }

  /** As `submit`, and takes what has come; buffers that were given back are the kernel's again. */
  fetch(): void {
    this.#buffers.publish();
    this.#ring.enter(true, sendMark, this.#onUnsent);
  }

  /** Whether `next` would find something, or would after `fetch`. */
  get isWaiting(): boolean {
    return this.#ring.isWaiting;
  }

  /** Whether `next` would find something now. */
  get hasNext(): boolean {
    return this.#ring.hasNext;
  }

  /** Whether `fd` is left alone, while whoever watches it looks by itself; it has to look once more afterwards. */
  keepQuiet(quiet: boolean): void {
    this.#ring.keepQuiet(quiet);
  }

  /** Takes what came next; false when all was taken. `giveBack` follows before the next; `end` takes something else. */
  next(): boolean {
    if (!this.#ring.next()) return false;
    this.#take();
    return true;
  }

  /** The bytes that were taken are not needed any more. */
  giveBack(): void {
    if (this.#buffer >= 0) this.#buffers.give(this.#buffer);
    this.#buffer = -1;
  }

  /**
   * Ends a reception, so that its descriptor is nobody's here; what was put in is submitted. `take` is told of bytes that
   * had come. Not to be called between `next` and `giveBack` of the same reception's last part.
   */
  end(fd: number, reception: number, take: (at: number, end: number) => void): void {
    const buffer = this.#buffer;
    let ended = false;
    for (let tries = 0; !ended; tries++) {
      if (tries === mostCancels) throw new Error('io_uring does not let go of a socket');
      if (!this.#ring.hasRoom) this.submit();
      this.#cancel(fd, reception);
      this.#ring.enter(true, sendMark, this.#onUnsent);
      while (!ended && this.#ring.find(fd, reception)) {
        this.#take();
        if (this.count > 0) take(this.at, this.at + this.count);
        this.giveBack();
        ended = this.isLast;
      }
    }
    this.#buffer = buffer;
  }

  /** The request to be ended is named by its user_data, where other operations have an address. */
  #cancel(fd: number, reception: number): void {
    this.#named[0] = fd;
    this.#named[1] = reception;
    this.#ring.put(cancelKind, -1, this.#named, 0, 0, 0, 0, 0);
  }

  readonly #named = new Int32Array(2);

  #take(): void {
    const ring = this.#ring;
    this.from = ring.low;
    this.reception = ring.high;
    this.count = ring.result;
    this.isLast = (ring.flags & MORE) === 0;
    this.#buffer = (ring.flags & BUFFER) === 0 ? -1 : ring.flags >>> BUFFER_SHIFT;
    this.at = this.#buffer * receiveBufferBytes;
  }

  /** Whether a reception ended only because all buffers were full: it may begin again when they were given back. */
  get wasWithoutBuffer(): boolean {
    return this.count === -errno.ENOBUFS;
  }

  /** Lets go of the ring; no reception may be under way. */
  close(): void {
    this.#ring.close();
    this.#buffers.close();
  }
}
