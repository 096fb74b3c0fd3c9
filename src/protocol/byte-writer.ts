/** Knows how to append text, decimal digits and raw bytes to one growing buffer that is reused message after message. */

const utf8 = new TextEncoder();

/** Longer messages are rare, and so are their views. */
const mostViews = 4096;

/** A message under construction, in memory that grows and is used again. */
export class ByteWriter {
  /** The message is `bytes[0 .. length)`. Replaced by a larger array when it is full, so do not keep it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes written so far. */
  length = 0;
  /** Views of `bytes` by their length: messages of one kind have few lengths, and a view costs more than what it shows. */
  #views: (Uint8Array<ArrayBuffer> | undefined)[] | undefined;

  /** `capacity` bytes to begin with. */
  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Starts the next message in the same memory. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#views = undefined;
  }

  /** Appends one byte, 0 to 255. */
  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends one byte per character: ASCII, or raw bytes spelled as latin1. */
  latin1(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Appends `text` in UTF-8. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += utf8.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Appends a whole number from 0 to 2^53 - 1 in decimal. */
  digits(value: number): void {
    this.reserve(16);
    // Nearly all are small, and then the division is one of whole numbers.
    if (value <= 0x7fffffff) this.#smallDigits(value | 0);
    else this.#largeDigits(value);
  }

  /** Appends `source[at .. at + count)`. */
  raw(source: Uint8Array, at = 0, count = source.length - at): void {
    this.reserve(count);
    const { bytes, length } = this;
    // A short copy costs less than the view that `set` needs.
    if (count > 64) bytes.set(count === source.length ? source : source.subarray(at, at + count), length);
    else for (let i = 0; i < count; i++) bytes[length + i] = source[at + i];
    this.length = length + count;
  }

  /** A copy of the message. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** The message itself, in memory that the next message will overwrite. */
  view(): Uint8Array<ArrayBuffer> {
    const { length } = this;
    if (length >= mostViews) return this.bytes.subarray(0, length);
    this.#views ??= new Array(mostViews).fill(undefined);
    this.#views[length] ??= this.bytes.subarray(0, length);
    return this.#views[length];
  }

  #smallDigits(value: number): void {
    const { bytes } = this;
    let end = this.length + 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
    this.length = end;
    for (let rest = value; ; ) {
      const tenth = (rest / 10) | 0;
      bytes[--end] = 48 + (rest - tenth * 10);
      if (tenth === 0) return;
      rest = tenth;
    }
  }

  #largeDigits(value: number): void {
    const text = String(value);
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }
}
