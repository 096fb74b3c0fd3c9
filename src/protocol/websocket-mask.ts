/** Knows how a payload is masked and unmasked in place (RFC 6455, 5.3), four bytes at a time where they lie in one word. */

/** Below this, finding the words costs more than they save. */
const fewBytes = 16;

/** One instance for each thread or connection: it keeps the view of the memory that it was last used on. */
export class WebSocketMask {
  #buffer: ArrayBufferLike | undefined;
  #words: Int32Array = new Int32Array(0);

  /**
   * Masks or unmasks `bytes[at .. end)`. `mask` is the masking key as a little-endian word: its lowest byte is for the
   * byte at `at`. Returns all resulting bytes combined with OR, in any byte of the number: with `& 0x80808080` it says
   * whether one of them is no ASCII.
   */
  apply(bytes: Uint8Array, at: number, end: number, mask: number): number {
    let cursor = at;
    let key = mask | 0;
    let seen = 0;
    if (end - at >= fewBytes) {
      for (; ((bytes.byteOffset + cursor) & 3) !== 0; cursor++, key = rotateMask(key, 1)) {
        bytes[cursor] ^= key & 0xff;
        seen |= bytes[cursor];
      }
      const first = (bytes.byteOffset + cursor) >> 2;
      const count = (end - cursor) >> 2;
      seen |= this.#applyWords(bytes.buffer, first, first + count, key);
      cursor += count * 4;
    }
    for (; cursor < end; cursor++, key = rotateMask(key, 1)) {
      bytes[cursor] ^= key & 0xff;
      seen |= bytes[cursor];
    }
    return seen;
  }

  #applyWords(buffer: ArrayBufferLike, first: number, end: number, mask: number): number {
    if (this.#buffer !== buffer) {
      this.#buffer = buffer;
      this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    }
    const words = this.#words;
    let seen = 0;
    for (let i = first; i < end; i++) {
      const word = words[i] ^ mask;
      words[i] = word;
      seen |= word;
    }
    return seen;
  }
}

/** The mask for what follows `count` masked bytes. */
export function rotateMask(mask: number, count: number): number {
  const bits = (count & 3) * 8;
  return bits === 0 ? mask : (mask >>> bits) | (mask << (32 - bits));
}
