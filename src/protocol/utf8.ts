/** Knows which bytes are well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
import { wordsOf } from './byte-words.ts';

/** Whether `bytes[at .. end)` is UTF-8 as a whole. */
export function isUtf8(bytes: Uint8Array, at: number, end: number): boolean {
  let cursor = skipAscii(bytes, at, end);
  while (cursor < end) {
    // Such characters seldom come alone.
    do {
      const length = utf8SequenceBytes(bytes, cursor, end);
      if (length === 0) return false;
      cursor += length;
    } while (cursor < end && bytes[cursor] >= 0x80);
    cursor = skipAscii(bytes, cursor, end);
  }
  return true;
}

/** Where, from `at` on, the first byte is that is no ASCII; `end` when all are. */
function skipAscii(bytes: Uint8Array, at: number, end: number): number {
  const offset = bytes.byteOffset;
  let cursor = at;
  for (; ((offset + cursor) & 3) !== 0; cursor++) {
    if (cursor >= end || bytes[cursor] >= 0x80) return cursor;
  }
  const words = wordsOf(bytes.buffer);
  const last = (offset + end) >> 2;
  let index = (offset + cursor) >> 2;
  while (index < last && (words[index] & 0x80808080) === 0) index++;
  cursor = index * 4 - offset;
  while (cursor < end && bytes[cursor] < 0x80) cursor++;
  return cursor;
}

/** Length of the well-formed sequence of a character above U+007F that begins at `at`: 2 to 4, or 0 when it is none. */
export function utf8SequenceBytes(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (first < 0xc2 || first > 0xf4 || at + 1 >= end) return 0;
  const second = bytes[at + 1];
  if (first < 0xe0) return isContinuation(second) ? 2 : 0;
  if (first < 0xf0) {
    if (at + 2 >= end || !isContinuation(bytes[at + 2])) return 0;
    if (first === 0xe0) return second >= 0xa0 && second <= 0xbf ? 3 : 0;
    if (first === 0xed) return second >= 0x80 && second <= 0x9f ? 3 : 0;
    return isContinuation(second) ? 3 : 0;
  }
  if (at + 3 >= end || !isContinuation(bytes[at + 2]) || !isContinuation(bytes[at + 3])) return 0;
  if (first === 0xf0) return second >= 0x90 && second <= 0xbf ? 4 : 0;
  if (first === 0xf4) return second >= 0x80 && second <= 0x8f ? 4 : 0;
  return isContinuation(second) ? 4 : 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
