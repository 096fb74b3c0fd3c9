// Buffers that the kernel chooses from when something comes, and that it is given back: a ring of provided buffers.

import { PinnedMemory, writePointer } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';

/** io_uring_buf, in words of 32 bits but for `idUnit`, in units of 16; the first one's last unit is the tail of the ring. */
const entry = { address: 0, length: 2, idUnit: 6, tailUnit: 7, words: 4 } as const;
/** io_uring_buf_reg, in words of 32 bits; the group stays 0. */
const registered = { address: 0, entries: 2 } as const;
const REGISTER_PBUF_RING = 22;

export class BufferRing {
  readonly #calls: SystemCalls;
  readonly #ring: number;
  readonly #count: number;
  readonly #bytes: number;
  readonly #address: number;
  readonly #words: Int32Array;
  readonly #units: Uint16Array;
  #tail = 0;

  /**
   * Gives all of them: `count`, a power of two, of `bytes` each from `address` on, as group 0 of the ring.
   * @throws SystemCallError
   */
  constructor(calls: SystemCalls, ring: number, address: number, count: number, bytes: number) {
    this.#calls = calls;
    this.#count = count;
    this.#bytes = bytes;
    this.#address = address;
    // In whole pages, as the kernel wants it.
    const size = count * entry.words * 4;
    this.#ring = calls.mapAnonymous(size);
    if (this.#ring < 0) throw new SystemCallError('mmap', calls.errno(), 'buffers of io_uring');
    const view = calls.viewOf(this.#ring, size);
    this.#words = new Int32Array(view);
    this.#units = new Uint16Array(view);
    const memory = new PinnedMemory(calls, 64);
    const registration = memory.take(64);
    writePointer(registration.words, registered.address, this.#ring);
    registration.words[registered.entries] = count;
    const done = calls.ioUringRegister(ring, REGISTER_PBUF_RING, registration.address, 1);
    memory.release();
    if (done < 0) {
      const error = calls.errno();
      this.close();
      throw new SystemCallError('io_uring_register', error, 'provided buffers');
    }
    for (let buffer = 0; buffer < count; buffer++) this.give(buffer);
    this.publish();
  }

  /** Gives a buffer back, with the next `publish`. */
  give(buffer: number): void {
    const slot = this.#tail & (this.#count - 1);
    const at = slot * entry.words;
    writePointer(this.#words, at + entry.address, this.#address + buffer * this.#bytes);
    this.#words[at + entry.length] = this.#bytes;
    this.#units[at * 2 + entry.idUnit] = buffer;
    this.#tail = (this.#tail + 1) & 0xffff;
  }

  /** Lets the kernel have what was given back. */
  publish(): void {
    Atomics.store(this.#units, entry.tailUnit, this.#tail);
  }

  /** Only once the ring that uses it is closed. */
  close(): void {
    this.#calls.unmap(this.#ring, this.#count * entry.words * 4);
  }
}
