/** Knows how a payload is masked and unmasked in place (RFC 6455, 5.3), four bytes at a time where they lie in one word. */
import { wordsOf } from './byte-words.ts';

/** Below this, finding the words costs more than they save. */
const fewBytes = 16;

/**
 * Masks or unmasks `bytes[at .. end)`. `mask` is the masking key as a little-endian word: its lowest byte is for the byte
 * at `at`. Returns all resulting bytes combined with OR, in any byte of the number: with `& 0x80808080` it says whether one
 * of them is no ASCII.
 */
export function applyMask(bytes: Uint8Array, at: number, end: number, mask: number): number {
  let cursor = at;
  let key = mask | 0;
  let seen = 0;
  if (end - at >= fewBytes) {
    for (; ((bytes.byteOffset + cursor) & 3) !== 0; cursor++, key = rotateMask(key, 1)) {
      bytes[cursor] ^= key & 0xff;
      seen |= bytes[cursor];
    }
    const words = wordsOf(bytes.buffer);
    const last = (bytes.byteOffset + end) >> 2;
    let index = (bytes.byteOffset + cursor) >> 2;
    for (; index < last; index++) {
      const word = words[index] ^ key;
      words[index] = word;
      seen |= word;
    }
    cursor = index * 4 - bytes.byteOffset;
  }
  for (; cursor < end; cursor++, key = rotateMask(key, 1)) {
    bytes[cursor] ^= key & 0xff;
    seen |= bytes[cursor];
  }
  return seen;
}

/** The mask for what follows `count` masked bytes. */
export function rotateMask(mask: number, count: number): number {
  const bits = (count & 3) * 8;
  return bits === 0 ? mask : (mask >>> bits) | (mask << (32 - bits));
}
