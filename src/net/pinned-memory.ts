// Memory whose address the kernel may be given: outside the moving heap, and never collected before it is released.
import type { SystemCalls } from './system-calls.ts';

/** A part of pinned memory, seen at every width. `address` is what the kernel is told. */
export interface Region {
  readonly address: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly units: Uint16Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
}

const alignment = 64; // a cache line, and more than any struct asks for

// An address held by the kernel, or by an iovec, keeps nothing alive. What is in this set is.
const pinned = new Set<PinnedMemory>();

/** Zeroed memory, handed out in parts; it stays valid, and where it is, until `release`. */
export class PinnedMemory {
  readonly #buffer: ArrayBuffer;
  readonly #base: number;
  readonly #size: number;
  #taken: number;

  /** @param size bytes that `take` may hand out, each part rounded up to 64. */
  constructor(calls: SystemCalls, size: number) {
    // An ArrayBuffer made by itself always has its bytes off the heap; `new Uint8Array(64)` would not.
    this.#buffer = new ArrayBuffer(size + alignment);
    this.#base = calls.addressOf(this.#buffer);
    this.#taken = (alignment - (this.#base % alignment)) % alignment;
    this.#size = this.#taken + size;
    pinned.add(this);
  }

  /** The next part of `size` bytes, beginning on a cache line. Throws when there is not enough left. */
  take(size: number): Region {
    const offset = this.#taken;
    const rounded = Math.ceil(size / alignment) * alignment;
    if (offset + rounded > this.#size)
      throw new RangeError(`pinned memory is used up: ${size} bytes more asked`);
    this.#taken += rounded;
    return {
      address: this.#base + offset,
      bytes: new Uint8Array(this.#buffer, offset, rounded),
      units: new Uint16Array(this.#buffer, offset, rounded / 2),
      words: new Int32Array(this.#buffer, offset, rounded / 4),
    };
  }

  /** Lets go of the memory. Nothing may use its addresses any more. */
  release(): void {
    pinned.delete(this);
  }
}

/** Writes a 64-bit pointer as two words, low half first. */
export function writePointer(words: Int32Array, at: number, address: number): void {
  words[at] = address | 0; // `|` takes the value modulo 2^32
  words[at + 1] = Math.floor(address / 0x1_0000_0000);
}
