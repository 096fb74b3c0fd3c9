// How a socket is given its address and port, and which port the kernel chose.
import { sockaddrIn6 } from './layouts.ts';
import { PinnedMemory, type Region } from './pinned-memory.ts';
import { decodePort, encodeSocketAddress } from './socket-address.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

/** Owns the few bytes of memory in which the kernel reads and writes a socket's address. */
export class SocketName {
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #name: Region;
  readonly #length: Region;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#memory = new PinnedMemory(calls, 128);
    this.#name = this.#memory.take(sockaddrIn6.size);
    this.#length = this.#memory.take(4);
  }

  /** @param what names the socket in the error. */
  bind(fd: number, address: string, port: number, what: string): void {
    const length = encodeSocketAddress(this.#name.bytes, address, port);
    if (this.#calls.bind(fd, this.#name.address, length) !== 0) {
      throw new SystemCallError('bind', this.#calls.errno(), what);
    }
  }

  boundPort(fd: number): number {
    this.#length.words[0] = sockaddrIn6.size;
    if (this.#calls.getsockname(fd, this.#name.address, this.#length.address) !== 0) {
      throw new SystemCallError('getsockname', this.#calls.errno());
    }
    return decodePort(this.#name.bytes);
  }

  close(): void {
    this.#memory.release();
  }
}
