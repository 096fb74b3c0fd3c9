// How connections are accepted, read, written and ended without waiting: TCP sockets as bare descriptors.
import { AcceptReserve } from './accept-reserve.ts';
import {
  AF_INET,
  errno,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_LINGER,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  sockaddrIn,
  sockaddrIn6,
} from './layouts.ts';
import { PinnedMemory, type Region } from './pinned-memory.ts';
import type { Family } from './socket-address.ts';
import type { SystemCalls } from './system-calls.ts';

/** What `accept`, `receive` and `send` return besides a descriptor or a number of bytes. */
export const Stream = {
  /** Nothing to be had at present. */
  wait: -1,
  /** The connection is broken; it has only to be closed. */
  broken: -2,
  /** There are no descriptors, or no kernel memory, for one more connection, and none to turn it away with. */
  exhausted: -3,
  /** There was none for a connection, which was reset. */
  turnedAway: -4,
} as const;

/** One for each thread: it reads into one buffer and writes from another. */
export class StreamSockets {
  /** What comes is read into the front of this; see the constructor. */
  readonly input: Region;
  /** What goes is written from this. */
  readonly output: Region;
  /** Who connected last: 4 when `peerWords` holds one word, 6 when four, in the order of the bytes on the wire. */
  peerFamily: Family = 4;
  readonly peerWords = new Int32Array(4);
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #name: Region;
  readonly #length: Region;
  readonly #linger: Region;
  readonly #inputBytes: number;
  readonly #reserve: AcceptReserve;

  /**
   * Sizes in bytes; `behind` is room behind the input, for whoever receives in another way. `shared`: see AcceptReserve.
   */
  constructor(
    calls: SystemCalls,
    shared: Int32Array,
    { inputBytes, outputBytes, behind = 0 }: { inputBytes: number; outputBytes: number; behind?: number },
  ) {
    this.#calls = calls;
    this.#inputBytes = inputBytes;
    this.#memory = new PinnedMemory(calls, inputBytes + behind + outputBytes + 512);
    this.input = this.#memory.take(inputBytes + behind);
    this.output = this.#memory.take(outputBytes);
    this.#name = this.#memory.take(sockaddrIn6.size);
    this.#length = this.#memory.take(4);
    this.#linger = this.#memory.take(8);
    // struct linger: on, for no time at all.
    this.#linger.words[0] = 1;
    this.#reserve = new AcceptReserve(calls, shared);
  }

  /** The next connection's descriptor, or a `Stream` value but `broken`; `peerFamily` and `peerWords` say whose. */
  accept(listener: number): number {
    if (!this.#reserve.isShort) {
      const fd = this.#acceptNext(listener);
      if (fd !== Stream.exhausted) return fd;
    }
    if (!this.#reserve.begin()) return Stream.wait;
    try {
      return this.#acceptOrTurnAway(listener);
    } finally {
      this.#reserve.end();
    }
  }

  /** In this thread's turn. */
  #acceptOrTurnAway(listener: number): number {
    const reserve = this.#reserve;
    if (!reserve.take()) return Stream.exhausted;
    const first = reserve.keepingBack(() => this.#acceptNext(listener)) ?? Stream.exhausted;
    if (first >= 0) reserve.isEnough();
    if (first !== Stream.exhausted) return first;
    reserve.give();
    const fd = this.#acceptNext(listener);
    if (fd >= 0) this.reset(fd);
    reserve.take();
    return fd >= 0 ? Stream.turnedAway : fd;
  }

  #acceptNext(listener: number): number {
    const { address, words } = this.#name;
    for (;;) {
      this.#length.words[0] = sockaddrIn6.size;
      const fd = this.#calls.accept4(listener, address, this.#length.address, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        this.#readPeer(words);
        return fd;
      }
      switch (this.#calls.errno()) {
        case errno.EAGAIN:
          return Stream.wait;
        case errno.EMFILE:
        case errno.ENFILE:
        case errno.ENOBUFS:
        case errno.ENOMEM:
          return Stream.exhausted;
        case errno.EBADF:
        case errno.EINVAL:
        case errno.ENOTSOCK:
          throw new Error(`descriptor ${listener} does not listen`);
        // Whoever was first in the queue has gone already, or its network has: the next one.
      }
    }
  }

  /** Reads to `input[at .. end)`, by default to byte `inputBytes`: bytes read, 0 at the other side's end, or a `Stream` value. */
  receive(fd: number, at: number, end = this.#inputBytes): number {
    for (;;) {
      const count = this.#calls.recv(fd, this.input.address + at, end - at, MSG_DONTWAIT);
      if (count >= 0) return count;
      const error = this.#calls.errno();
      if (error === errno.EAGAIN) return Stream.wait;
      if (error !== errno.EINTR) return Stream.broken;
    }
  }

  /** Writes `output[at .. end)`, as much of it as the kernel takes: bytes written, or a `Stream` value. */
  send(fd: number, at: number, end: number): number {
    for (;;) {
      const count = this.#calls.send(fd, this.output.address + at, end - at, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0) return count;
      const error = this.#calls.errno();
      if (error === errno.EAGAIN || error === errno.ENOBUFS) return Stream.wait;
      if (error !== errno.EINTR) return Stream.broken;
    }
  }

  /** Says that nothing more will be written. */
  finish(fd: number): void {
    this.#calls.shutdown(fd, SHUT_WR);
  }

  close(fd: number): void {
    this.#calls.close(fd);
  }

  /** Closes with a reset, which leaves nothing behind in the kernel. */
  reset(fd: number): void {
    this.#calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, this.#linger.address, 8);
    this.#calls.close(fd);
  }

  /** Lets go of the buffers. */
  release(): void {
    this.#reserve.close();
    this.#memory.release();
  }

  #readPeer(words: Int32Array): void {
    const peer = this.peerWords;
    if ((words[0] & 0xffff) === AF_INET) {
      this.peerFamily = 4;
      peer[0] = words[sockaddrIn.address / 4];
      return;
    }
    const at = sockaddrIn6.address / 4;
    // A socket of both families shows IPv4 as ::ffff:a.b.c.d.
    if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === mappedWord) {
      this.peerFamily = 4;
      peer[0] = words[at + 3];
      return;
    }
    this.peerFamily = 6;
    for (let i = 0; i < 4; i++) peer[i] = words[at + i];
  }
}

/** 00 00 ff ff, as the machine reads it. */
const mappedWord = 0xffff0000 | 0;
