// How a socket's integer options are set and read, and what the kernel says about its queues.
//
// Drops are read from SO_MEMINFO when somebody wants to know. SO_RXQ_OVFL adds a message to every packet, and would
// stand before the one that replies reuse.
import { memInfo, SO_MEMINFO, SOL_SOCKET } from './layouts.ts';
import { PinnedMemory } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

/** Sets and reads options. It owns the few bytes of memory that these calls need. */
export class SocketOptions {
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #value;
  readonly #length;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#memory = new PinnedMemory(calls, 128);
    this.#value = this.#memory.take(64);
    this.#length = this.#memory.take(4);
  }

  /** Returns 0, or the errno of the refusal. */
  trySet(fd: number, level: number, name: number, value: number): number {
    this.#value.words[0] = value;
    return this.#calls.setsockopt(fd, level, name, this.#value.address, 4) === 0 ? 0 : this.#calls.errno();
  }

  /** @param what the option's name, for the error. */
  set(fd: number, level: number, name: number, value: number, what: string): void {
    const errno = this.trySet(fd, level, name, value);
    if (errno !== 0) throw new SystemCallError('setsockopt', errno, what);
  }

  /** The option's value; -1 when the kernel does not give it. */
  get(fd: number, level: number, name: number): number {
    return this.#read(fd, level, name, 4) ? this.#value.words[0] : -1;
  }

  /**
   * Datagrams that the kernel has dropped on this socket since it was opened (full receive buffer, bad checksum),
   * as an unsigned 32-bit counter; -1 when the kernel does not say (before Linux 4.12).
   */
  drops(fd: number): number {
    if (!this.#read(fd, SOL_SOCKET, SO_MEMINFO, memInfo.size)) return -1;
    return this.#value.words[memInfo.drops / 4] >>> 0;
  }

  /** Bytes of kernel memory that wait in the socket's receive queue; -1 when the kernel does not say. */
  receiveQueued(fd: number): number {
    if (!this.#read(fd, SOL_SOCKET, SO_MEMINFO, memInfo.size)) return -1;
    return this.#value.words[memInfo.receiveQueued / 4] >>> 0;
  }

  close(): void {
    this.#memory.release();
  }

  #read(fd: number, level: number, name: number, size: number): boolean {
    this.#length.words[0] = size;
    const { address } = this.#value;
    if (this.#calls.getsockopt(fd, level, name, address, this.#length.address) !== 0) return false;
    return this.#length.words[0] === size;
  }
}
