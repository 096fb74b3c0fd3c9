/**
 * Knows JSON (RFC 8259) as it lies in bytes: a cursor that checks every byte and builds nothing, as strict as JSON.parse on
 * the decoded text, with a bound on depth. What it reads of a string is where the string lies, so that it can be copied.
 */
import { formatLatin1 } from './latin1.ts';
import { utf8SequenceBytes } from './utf8.ts';

/** Arrays and objects within another; no client nests more than four. */
export const maxJsonDepth = 32;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const SMALL_E = 0x65;
const SMALL_N = 0x6e;
const SMALL_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const nothing = new Uint8Array(0);

/** 1 for bytes that stand for themselves within a string. */
const isPlain = new Uint8Array(256).map((_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** Characters behind a backslash, other than u, and what they mean. */
const escapes = new Uint8Array(128);
for (const [name, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  escapes[name.charCodeAt(0)] = meaning.charCodeAt(0);
}

/** What a number must fit in to be added up digit by digit. */
const exactDigits = 15;
/** Stands for every character above U+00FF. */
const noByte = 0x100;

/**
 * Reads values one after another; one instance is reused for every document. Each method that reads returns false when
 * the document is broken; then, and not before, `broken` is set, and nothing read later means anything.
 */
export class JsonScanner {
  bytes: Uint8Array = nothing;
  broken = false;
  /** The string or key last read lies in `bytes[stringAt .. stringEnd)`, without its quotes and as it was spelled. */
  stringAt = 0;
  stringEnd = 0;
  /** Whether every \uD800 to \uDFFF in it is part of a pair: JSON.parse takes others too, some clients' readers do not. */
  paired = true;
  /** The number last read. */
  number = 0;
  #at = 0;
  #end = 0;
  #escaped = false;
  /** Of `#nextCharacter`. */
  #cursor = 0;

  /** Begins with the document `bytes[at .. end)`. */
  start(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.broken = false;
    this.#skipSpace();
  }

  /** Whether nothing follows the value that was read. */
  finish(): boolean {
    this.#skipSpace();
    return !this.broken && (this.#at === this.#end || this.#break());
  }

  isString(): boolean {
    return this.#peek() === QUOTE;
  }

  isNull(): boolean {
    return this.#peek() === SMALL_N;
  }

  isObject(): boolean {
    return this.#peek() === OPEN_OBJECT;
  }

  isArray(): boolean {
    return this.#peek() === OPEN_ARRAY;
  }

  isNumber(): boolean {
    const byte = this.#peek();
    return byte === MINUS || isDigit(byte);
  }

  /** Enters an object and reads its first key; false when it has none. Then comes the key's value. */
  firstKey(): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#peek() !== CLOSE_OBJECT) return this.#readKey();
    this.#at++;
    return false;
  }

  /** Behind a value of an object: reads the next key, or leaves the object and returns false. */
  nextKey(): boolean {
    if (!this.#readSeparator(CLOSE_OBJECT)) return false;
    return this.#readKey();
  }

  /** Enters an array; false when it is empty. Then comes its first value. */
  firstItem(): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#peek() !== CLOSE_ARRAY) return true;
    this.#at++;
    return false;
  }

  /** Behind a value of an array: goes to the next, or leaves the array and returns false. */
  nextItem(): boolean {
    return this.#readSeparator(CLOSE_ARRAY);
  }

  /** Reads any value and forgets it; `depth` is how many arrays and objects it lies in. */
  skip(depth: number): boolean {
    switch (this.#peek()) {
      case QUOTE:
        return this.readString();
      case OPEN_OBJECT:
        if (depth >= maxJsonDepth) return this.#break();
        for (let more = this.firstKey(); more; more = this.nextKey()) this.skip(depth + 1);
        return !this.broken;
      case OPEN_ARRAY:
        if (depth >= maxJsonDepth) return this.#break();
        for (let more = this.firstItem(); more; more = this.nextItem()) this.skip(depth + 1);
        return !this.broken;
      case 0x74:
        return this.#readWord('true');
      case 0x66:
        return this.#readWord('false');
      case SMALL_N:
        return this.#readWord('null');
      default:
        return this.readNumber();
    }
  }

  /** Reads a string: see `stringAt`. Its bytes are well-formed UTF-8. */
  readString(): boolean {
    const { bytes } = this;
    const end = this.#end;
    if (this.#peek() !== QUOTE) return this.#break();
    let at = this.#at + 1;
    this.stringAt = at;
    this.#escaped = false;
    this.paired = true;
    for (;;) {
      while (at < end && isPlain[bytes[at]] === 1) at++;
      if (at >= end) return this.#break();
      const byte = bytes[at];
      if (byte === QUOTE) break;
      const length = byte === BACKSLASH ? this.#escapeBytes(at) : utf8SequenceBytes(bytes, at, end);
      // Control characters come here too.
      if (length === 0) return this.#break();
      at += length;
    }
    this.stringEnd = at;
    this.#at = at + 1;
    return true;
  }

  /** Reads a number: see `number`. */
  readNumber(): boolean {
    const { bytes } = this;
    const start = this.#at;
    const digitsAt = this.#peek() === MINUS ? start + 1 : start;
    let at = this.#digitsEnd(digitsAt);
    if (at === digitsAt || (bytes[digitsAt] === 0x30 && at > digitsAt + 1)) return this.#break();
    const wholeEnd = at;
    if (this.#byteAt(at) === DOT) {
      const fractionAt = at + 1;
      at = this.#digitsEnd(fractionAt);
      if (at === fractionAt) return this.#break();
    }
    if ((this.#byteAt(at) | 0x20) === SMALL_E) {
      const sign = this.#byteAt(at + 1);
      const exponentAt = at + (sign === PLUS || sign === MINUS ? 2 : 1);
      at = this.#digitsEnd(exponentAt);
      if (at === exponentAt) return this.#break();
    }
    const simple = at === wholeEnd && at - digitsAt <= exactDigits;
    // The rare ones are fractions, exponents and more digits than are exact.
    this.number = simple ? this.#addUp(digitsAt, at, start) : Number(formatLatin1(bytes, start, at));
    this.#at = at;
    return true;
  }

  /** Whether the string last read is `word`, which is ASCII. */
  stringIs(word: Uint8Array): boolean {
    if (this.#escaped) return this.#escapedIs(word);
    if (this.stringEnd - this.stringAt !== word.length) return false;
    for (let i = 0; i < word.length; i++) if (this.bytes[this.stringAt + i] !== word[i]) return false;
    return true;
  }

  /** Writes the string last read to `into` from `at` on, a byte for a character; false unless it is `count` characters up to U+00FF. */
  copyLatin1(into: Uint8Array, at: number, count: number): boolean {
    this.#cursor = this.stringAt;
    for (let i = 0; i < count; i++) {
      const character = this.#nextCharacter();
      if (character === noByte) return false;
      into[at + i] = character;
    }
    return this.#cursor === this.stringEnd;
  }

  #escapedIs(word: Uint8Array): boolean {
    this.#cursor = this.stringAt;
    for (let i = 0; i < word.length; i++) if (this.#nextCharacter() !== word[i]) return false;
    return this.#cursor === this.stringEnd;
  }

  /** The character at `#cursor` of the string last read, which it steps over; `noByte` at its end too. */
  #nextCharacter(): number {
    const { bytes } = this;
    const at = this.#cursor;
    if (at >= this.stringEnd) return noByte;
    const byte = bytes[at];
    if (byte === BACKSLASH) {
      const name = bytes[at + 1];
      this.#cursor = at + (name === SMALL_U ? 6 : 2);
      return name === SMALL_U ? Math.min(readHex(bytes, at + 2), noByte) : escapes[name];
    }
    if (byte < 0x80) {
      this.#cursor = at + 1;
      return byte;
    }
    this.#cursor = at + 2;
    return byte < 0xc4 ? ((byte & 3) << 6) | (bytes[at + 1] & 0x3f) : noByte;
  }

  /** Length of the escape, or pair of escapes, at `at`; 0 when it is none. */
  #escapeBytes(at: number): number {
    this.#escaped = true;
    const name = this.#byteAt(at + 1);
    if (name !== SMALL_U) return name < 0x80 && escapes[name] !== 0 ? 2 : 0;
    const unit = this.#hexAt(at + 2);
    if (unit < 0) return 0;
    if (unit < 0xd800 || unit > 0xdfff) return 6;
    const follows =
      unit < 0xdc00 && this.#byteAt(at + 6) === BACKSLASH && this.#byteAt(at + 7) === SMALL_U
        ? this.#hexAt(at + 8)
        : -1;
    if (follows >= 0xdc00 && follows <= 0xdfff) return 12;
    this.paired = false;
    return 6;
  }

  /** The four hexadecimal digits at `at`; −1 when they are none. */
  #hexAt(at: number): number {
    return at + 4 <= this.#end ? readHex(this.bytes, at) : -1;
  }

  #readKey(): boolean {
    if (!this.readString()) return false;
    this.#skipSpace();
    if (this.#peek() !== COLON) return this.#break();
    this.#at++;
    this.#skipSpace();
    return true;
  }

  /** Reads a comma and returns true, or `close` and returns false. */
  #readSeparator(close: number): boolean {
    if (this.broken) return false;
    this.#skipSpace();
    const byte = this.#peek();
    if (byte !== COMMA && byte !== close) return this.#break();
    this.#at++;
    if (byte === close) return false;
    this.#skipSpace();
    return true;
  }

  #readWord(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.#byteAt(this.#at + i) !== word.charCodeAt(i)) return this.#break();
    }
    this.#at += word.length;
    return true;
  }

  #addUp(at: number, end: number, start: number): number {
    let number = 0;
    for (let i = at; i < end; i++) number = number * 10 + (this.bytes[i] - 0x30);
    return at > start ? -number : number;
  }

  #digitsEnd(from: number): number {
    let at = from;
    while (at < this.#end && isDigit(this.bytes[at])) at++;
    return at;
  }

  #skipSpace(): void {
    const { bytes } = this;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #peek(): number {
    return this.#byteAt(this.#at);
  }

  /** −1 behind the end. */
  #byteAt(at: number): number {
    return at < this.#end ? this.bytes[at] : -1;
  }

  #break(): false {
    this.broken = true;
    return false;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Four hexadecimal digits of either case; −1 when they are none. */
function readHex(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i];
    const letter = byte | 0x20;
    if (isDigit(byte)) value = value * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return -1;
  }
  return value;
}
