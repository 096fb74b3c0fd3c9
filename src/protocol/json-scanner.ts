/**
 * Knows JSON (RFC 8259) as it lies in bytes: a cursor that checks every byte and builds nothing, as strict as JSON.parse on
 * the decoded text, with a bound on depth. What it reads of a string is where the string lies, so that it can be copied.
 */
import { charactersAre, copyCharacters, escapeBytes, skipPlain } from './json-strings.ts';
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
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const nothing = new Uint8Array(0);

/** What a number must fit in to be added up digit by digit. */
const exactDigits = 15;

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
      at = skipPlain(bytes, at, end);
      if (at >= end) return this.#break();
      if (bytes[at] === QUOTE) break;
      // What is spelled in several bytes seldom comes alone: `\r\n`, the bytes of an info_hash.
      do {
        const length =
          bytes[at] === BACKSLASH ? this.#escapeBytes(at, end) : utf8SequenceBytes(bytes, at, end);
        // Control characters come here too.
        if (length === 0) return this.#break();
        at += length;
      } while (at < end && (bytes[at] === BACKSLASH || bytes[at] >= 0x80));
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
    const { bytes, stringAt, stringEnd } = this;
    if (this.#escaped) return charactersAre(bytes, stringAt, stringEnd, word);
    if (stringEnd - stringAt !== word.length) return false;
    for (let i = 0; i < word.length; i++) if (bytes[stringAt + i] !== word[i]) return false;
    return true;
  }

  /** Writes the string last read to `into` from `at` on, a byte for a character; false unless it is `count` characters up to U+00FF. */
  copyLatin1(into: Uint8Array, at: number, count: number): boolean {
    return copyCharacters(this.bytes, this.stringAt, this.stringEnd, into, at, count);
  }

  #escapeBytes(at: number, end: number): number {
    this.#escaped = true;
    const length = escapeBytes(this.bytes, at, end);
    if (length < 0) this.paired = false;
    return Math.abs(length);
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
