/** Knows how characters are spelled within a JSON string (RFC 8259, 7), as bytes of UTF-8. */
import { wordsOf } from './byte-words.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;

/** 1 for bytes that stand for themselves. */
const isPlain = new Uint8Array(256).map((_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** Characters behind a backslash, other than u, and what they mean. */
const escapes = new Uint8Array(128);
for (const [name, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  escapes[name.charCodeAt(0)] = meaning.charCodeAt(0);
}

/** Where, from `at` on, the first byte is that does not stand for itself; `end` when all do. */
export function skipPlain(bytes: Uint8Array, at: number, end: number): number {
  const offset = bytes.byteOffset;
  let cursor = at;
  for (; ((offset + cursor) & 3) !== 0; cursor++) {
    if (cursor >= end || isPlain[bytes[cursor]] === 0) return cursor;
  }
  const words = wordsOf(bytes.buffer);
  const last = (offset + end) >> 2;
  let index = (offset + cursor) >> 2;
  while (index < last && isPlainWord(words[index])) index++;
  cursor = index * 4 - offset;
  while (cursor < end && isPlain[bytes[cursor]] === 1) cursor++;
  return cursor;
}

/** Each subtraction borrows from a byte's upper bit where the byte is too low; a byte that has that bit is not plain anyway. */
function isPlainWord(word: number): boolean {
  const control = word - 0x20202020;
  const quote = (word ^ 0x22222222) - 0x01010101;
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101;
  return ((word | control | quote | backslash) & 0x80808080) === 0;
}

/** Length of the escape, or of the two of a surrogate pair, at `at`; 0 when it is none, −6 for half a pair. */
export function escapeBytes(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 0;
  const name = bytes[at + 1];
  if (name !== SMALL_U) return name < 0x80 && escapes[name] !== 0 ? 2 : 0;
  const unit = readHex(bytes, at + 2, end);
  if (unit < 0) return 0;
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  if (unit >= 0xdc00 || at + 7 >= end || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== SMALL_U) return -6;
  const second = readHex(bytes, at + 8, end);
  return second >= 0xdc00 && second <= 0xdfff ? 12 : -6;
}

/** Four hexadecimal digits of either case; −1 when they are none. */
function readHex(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i];
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return -1;
  }
  return value;
}

/** Stands for every character above U+00FF. */
const noByte = 0x100;
const lengthUnit = 0x200;

/** The character that begins at `at` of a checked string, and 0x200 × the length of its spelling. */
function readCharacter(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at];
  if (byte === BACKSLASH) {
    const name = bytes[at + 1];
    if (name !== SMALL_U) return escapes[name] + 2 * lengthUnit;
    return Math.min(readHex(bytes, at + 2, end), noByte) + 6 * lengthUnit;
  }
  if (byte < 0x80) return byte + lengthUnit;
  const character = byte < 0xc4 ? ((byte & 3) << 6) | (bytes[at + 1] & 0x3f) : noByte;
  return character + 2 * lengthUnit;
}

/**
 * Writes the checked string `bytes[at .. end)` to `into` from `intoAt` on, a byte for a character; false unless it is
 * `count` characters up to U+00FF.
 */
export function copyCharacters(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Uint8Array,
  intoAt: number,
  count: number,
): boolean {
  let cursor = at;
  for (let i = 0; i < count; i++) {
    if (cursor >= end) return false;
    const character = readCharacter(bytes, cursor, end);
    if ((character & noByte) !== 0) return false;
    into[intoAt + i] = character & 0xff;
    cursor += character >> 9;
  }
  return cursor === end;
}

/** Whether the checked string `bytes[at .. end)` is `word`, ASCII, however it is spelled. */
export function charactersAre(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  let cursor = at;
  for (let i = 0; i < word.length; i++) {
    if (cursor >= end) return false;
    const character = readCharacter(bytes, cursor, end);
    if ((character & 0x1ff) !== word[i]) return false;
    cursor += character >> 9;
  }
  return cursor === end;
}
