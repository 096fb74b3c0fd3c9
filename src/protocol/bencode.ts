/** Knows bencoding (BEP 3): values to bytes, and bytes that may be hostile back to values, within bounds and without recursion. */
import { ByteWriter } from './byte-writer.ts';
import { formatLatin1 } from './latin1.ts';

/** What is decoded: integers beyond 2^53 are bigints, strings are raw bytes, keys are raw bytes spelled as latin1. */
export type Bencoded = number | bigint | Uint8Array | Bencoded[] | BencodedDictionary;
/** Keys are raw bytes spelled as latin1, in the order in which they stood. */
export type BencodedDictionary = Map<string, Bencoded>;

/** What can be encoded: text becomes UTF-8, a record's keys with the value `undefined` are left out. */
export type Bencodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Bencodable[]
  | ReadonlyMap<string, Bencodable>
  | BencodableRecord;
/** A dictionary by its keys. */
export interface BencodableRecord {
  /** Keys are latin1. */
  readonly [key: string]: Bencodable | undefined;
}

/** The bytes of `value`, keys sorted as raw bytes. Keys are latin1. Throws a RangeError on a number that is no integer. */
export function encodeBencode(value: Bencodable): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeBencode(writer, value);
  return writer.copy();
}

/** Appends `value` to a message under construction. The depth of `value` is the caller's own affair. */
export function writeBencode(writer: ByteWriter, value: Bencodable): void {
  if (typeof value === 'number' || typeof value === 'bigint') writeInteger(writer, value);
  else if (typeof value === 'string') writeText(writer, value);
  else if (value instanceof Uint8Array) writeString(writer, value);
  else if (Array.isArray(value)) {
    writer.byte(LIST);
    for (const item of value as readonly Bencodable[]) writeBencode(writer, item);
    writer.byte(END);
  } else writeDictionary(writer, value as ReadonlyMap<string, Bencodable> | BencodableRecord);
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`bencode has no number ${value}`);
  }
  // A template would spell -0 as "0", which is right.
  writer.latin1(`i${value}e`);
}

function writeString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.digits(bytes.length);
  writer.byte(COLON);
  writer.raw(bytes);
}

function writeText(writer: ByteWriter, text: string): void {
  const encoded = new TextEncoder().encode(text);
  writeString(writer, encoded);
}

function writeDictionary(
  writer: ByteWriter,
  value: ReadonlyMap<string, Bencodable> | BencodableRecord,
): void {
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  // Code units of latin1 text order as the bytes they spell.
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  writer.byte(DICTIONARY);
  for (const [key, item] of entries) {
    if (item === undefined) continue;
    writer.digits(key.length);
    writer.byte(COLON);
    writer.latin1(key);
    writeBencode(writer, item);
  }
  writer.byte(END);
}

/** The input is not bencode, or beyond a limit; the message says what is wrong and `at` at which byte. */
export class BencodeError extends Error {
  /** Always the same. */
  override readonly name = 'BencodeError';
  /** The first byte that could not be read. */
  readonly at: number;

  /** `what` is wrong at byte `at`. */
  constructor(what: string, at: number) {
    super(`${what} at byte ${at}`);
    this.at = at;
  }
}

/** How much is taken; what is beyond a limit is a BencodeError. */
export interface BencodeOptions {
  /** Largest input in bytes; default 4 MiB. */
  maxBytes?: number;
  /** Most containers inside one another; default 64. */
  maxDepth?: number;
  /** Most values in all, keys not counted; default 500,000. */
  maxItems?: number;
  /** Take unsorted and repeated keys (the first of equal keys counts) and bytes after the value, and report them. */
  lenient?: boolean;
}

/** What was decoded. */
export interface BencodeResult {
  /** The outermost value. */
  value: Bencoded;
  /** The first byte after the value; less than the input's length only when `lenient`. */
  end: number;
  /** What a strict decoder would have refused, each kind once. */
  findings: string[];
  /** Where each value of the outermost dictionary lies, as [first byte, byte after]; empty when that is no dictionary. */
  spans: Map<string, [number, number]>;
}

const DICTIONARY = 0x64;
const LIST = 0x6c;
const INTEGER = 0x69;
const END = 0x65;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
// 64 bits with a sign; a longer integer would only cost time.
const maxIntegerDigits = 20;

/** Decodes the whole of `bytes`. Strings are views of `bytes`. Throws BencodeError. */
export function decodeBencode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeResult {
  if (bytes.length > (options.maxBytes ?? 4 << 20)) {
    throw new BencodeError('input too large', options.maxBytes ?? 4 << 20);
  }
  return new Decoder(bytes, options).decode();
}

/** A list or dictionary whose end has not been read yet. */
interface Open {
  container: Bencoded[] | BencodedDictionary;
  /** Dictionaries: the key that waits for its value. */
  key: string | undefined;
  keyAt: number;
  previousKey: string | undefined;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  readonly #lenient: boolean;
  readonly #stack: Open[] = [];
  readonly #findings = new Map<string, string>();
  readonly #spans = new Map<string, [number, number]>();
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array, options: BencodeOptions) {
    this.#bytes = bytes;
    this.#maxDepth = options.maxDepth ?? 64;
    this.#maxItems = options.maxItems ?? 500_000;
    this.#lenient = options.lenient ?? false;
  }

  decode(): BencodeResult {
    let value: Bencoded | undefined;
    // One turn reads one key, one value, or the opening or the end of a container.
    while (value === undefined) {
      const open = this.#stack.at(-1);
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new BencodeError('input ends too early', this.#at);
      if (open !== undefined && byte === END) {
        if (open.key !== undefined) throw new BencodeError('key without a value', this.#at);
        this.#at++;
        this.#stack.pop();
        value = this.#close(open.container);
      } else if (open !== undefined && open.key === undefined && !Array.isArray(open.container)) {
        this.#readKey(open);
      } else if (byte === DICTIONARY || byte === LIST) {
        this.#open(byte === DICTIONARY ? new Map() : []);
      } else {
        this.#count();
        value = this.#close(byte === INTEGER ? this.#readInteger() : this.#readString());
      }
    }
    if (this.#at < this.#bytes.length) this.#tolerate('data after the value', this.#at);
    return { value, end: this.#at, findings: [...this.#findings.values()], spans: this.#spans };
  }

  #open(container: Bencoded[] | BencodedDictionary): void {
    this.#count();
    if (this.#stack.length >= this.#maxDepth) throw new BencodeError('nested too deeply', this.#at);
    this.#stack.push({ container, key: undefined, keyAt: this.#at, previousKey: undefined });
    this.#at++;
  }

  /** Puts a finished value into the container around it; without one it is the result, and returned. */
  #close(value: Bencoded): Bencoded | undefined {
    const around = this.#stack.at(-1);
    if (around === undefined) return value;
    const { container, key } = around;
    if (Array.isArray(container)) {
      container.push(value);
    } else if (key !== undefined && !container.has(key)) {
      container.set(key, value);
      if (this.#stack.length === 1) this.#spans.set(key, [around.keyAt, this.#at]);
    }
    around.key = undefined;
    return undefined;
  }

  #readKey(open: Open): void {
    const at = this.#at;
    const bytes = this.#readString();
    const key = formatLatin1(bytes);
    if (open.previousKey !== undefined && key <= open.previousKey) {
      this.#tolerate(key === open.previousKey ? 'repeated key' : 'keys out of order', at);
    }
    open.previousKey = key;
    open.key = key;
    open.keyAt = this.#at;
  }

  #readInteger(): number | bigint {
    const bytes = this.#bytes;
    const start = this.#at++;
    if (bytes[this.#at] === MINUS) this.#at++;
    const first = this.#at;
    const end = this.#skipDigits(maxIntegerDigits);
    if (end === first || bytes[end] !== END) throw new BencodeError('not an integer', start);
    if (bytes[first] === ZERO && end - start > 2)
      throw new BencodeError('integer with a leading zero', start);
    const text = formatLatin1(bytes, start + 1, end);
    this.#at = end + 1;
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
  }

  #readString(): Uint8Array {
    const bytes = this.#bytes;
    const start = this.#at;
    const end = this.#skipDigits(10);
    if (end === start || bytes[end] !== COLON) throw new BencodeError('not a string', start);
    if (bytes[start] === ZERO && end - start > 1) throw new BencodeError('length with a leading zero', start);
    const length = Number(formatLatin1(bytes, start, end));
    if (length > bytes.length - end - 1) throw new BencodeError('string runs past the end', start);
    this.#at = end + 1 + length;
    return bytes.subarray(end + 1, this.#at);
  }

  /** The end of the decimal digits at the cursor, of which at most `most` are read; moves nothing. */
  #skipDigits(most: number): number {
    let at = this.#at;
    const limit = at + most;
    while (at < limit && this.#bytes[at] >= ZERO && this.#bytes[at] <= ZERO + 9) at++;
    return at;
  }

  #count(): void {
    if (++this.#items > this.#maxItems) throw new BencodeError('too many values', this.#at);
  }

  #tolerate(what: string, at: number): void {
    if (!this.#lenient) throw new BencodeError(what, at);
    if (!this.#findings.has(what)) this.#findings.set(what, `${what} at byte ${at}`);
  }
}
