// Puts answers into HTTP, byte by byte where the kernel takes them from: status line, fields, body.
import type { ByteWriter } from '../../protocol/byte-writer.ts';
import { gzipIfSmaller } from '../http/gzip.ts';
import type { HttpError } from '../http/http-error.ts';

/** Longer than any head that is written here, a redirect's target apart. */
const roomForHead = 512;

const answerStart = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nVary: Accept-Encoding\r\n';
const lengthField = 'Content-Length: ';
/** All before an answer's length. */
const plainStart = bytesOf(answerStart + lengthField);
const gzipStart = bytesOf(`${answerStart}Content-Encoding: gzip\r\n${lengthField}`);

export interface ReplyWriterOptions {
  /** Memory that replies are written to, one behind the other. */
  readonly bytes: Uint8Array;
  /** Seconds that a connection is kept for further requests, as the client is told. */
  readonly keepAliveSeconds: number;
  /** Milliseconds since 1970, for the Date field. */
  readonly wallClock: () => number;
}

/** What is sent in return for one request. */
export interface ReplyManner {
  /** HEAD: the head that GET would have, and no body. */
  readonly head: boolean;
  /** The connection ends behind this reply. */
  readonly close: boolean;
}

/** One for each thread. */
export class ReplyWriter {
  /** Where the replies to one connection begin; what stands before is other connections', and on its way. */
  start = 0;
  /** Where the next reply begins; all from `start` to it are to be sent. */
  length = 0;
  /** A reply that the memory is too small for; it follows what stands there. Whoever takes it sets it back. */
  large: Uint8Array | undefined;
  readonly #options: ReplyWriterOptions;
  readonly #bytes: Uint8Array;
  /** What ends a head from its length on, while the connection is kept and when it is not; good for one second. */
  #keptEnd = new Uint8Array(0);
  #closedEnd = new Uint8Array(0);
  #endSecond = -1;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
    this.#bytes = options.bytes;
  }

  /** Whether a reply of usual size still fits. */
  get hasRoom(): boolean {
    return this.length < this.#bytes.length / 2;
  }

  /** Appends a tracker's answer, status 200 whatever it says. Returns whether it goes out compressed. */
  answer(body: ByteWriter, gzip: boolean, manner: ReplyManner): boolean {
    const compressed = gzip ? gzipIfSmaller(body.bytes, body.length) : undefined;
    const content = compressed ?? body.view();
    const isCompressed = compressed !== undefined;
    if (this.#fits(manner.head ? 0 : content.length)) this.#writeAnswer(content, isCompressed, manner);
    else this.#appendLarge((large) => large.#writeAnswer(content, isCompressed, manner), content.length);
    return isCompressed;
  }

  /** Appends a page, an error, a redirect. `fields`: name, value, … */
  text(status: number, phrase: string, fields: readonly string[], body: string, manner: ReplyManner): void {
    let text = `HTTP/1.1 ${status} ${phrase}\r\n`;
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
    const content = Buffer.from(body);
    text += lengthField + content.length;
    const start = Buffer.from(text, 'latin1');
    if (!this.#fits(start.length + content.length)) {
      const length = start.length + content.length;
      this.#appendLarge((large) => large.#writeText(start, content, manner), length);
    } else this.#writeText(start, content, manner);
  }

  /** Appends an error, which ends the connection. */
  httpError({ status, phrase, text, fields }: HttpError, head: boolean): void {
    this.text(status, phrase, ['Content-Type', 'text/plain', ...fields], text, { head, close: true });
  }

  #fits(length: number): boolean {
    return this.large === undefined && this.length + roomForHead + length <= this.#bytes.length;
  }

  /** Writes to memory of its own what this one's has no room for. */
  #appendLarge(write: (writer: ReplyWriter) => void, length: number): void {
    const bytes = new Uint8Array(length + roomForHead);
    const writer = new ReplyWriter({ ...this.#options, bytes });
    write(writer);
    const before = this.large;
    const written = bytes.subarray(0, writer.length);
    this.large = before === undefined ? written : Buffer.concat([before, written]);
  }

  #writeAnswer(content: Uint8Array, compressed: boolean, { head, close }: ReplyManner): void {
    this.#raw(compressed ? gzipStart : plainStart);
    this.#digits(content.length);
    this.#raw(this.#end(close));
    if (!head) this.#raw(content);
  }

  /** `start` lacks the end of its last line. */
  #writeText(start: Uint8Array, content: Uint8Array, { head, close }: ReplyManner): void {
    this.#raw(start);
    this.#raw(this.#end(close));
    if (!head) this.#raw(content);
  }

  /** The end of the line before, Date, Connection and the empty line. */
  #end(close: boolean): Uint8Array {
    const second = Math.floor(this.#options.wallClock() / 1000);
    if (second !== this.#endSecond) this.#begin(second);
    return close ? this.#closedEnd : this.#keptEnd;
  }

  #begin(second: number): void {
    const date = `\r\nDate: ${new Date(second * 1000).toUTCString()}\r\n`;
    const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#options.keepAliveSeconds}\r\n\r\n`;
    this.#endSecond = second;
    this.#keptEnd = bytesOf(date + kept);
    this.#closedEnd = bytesOf(`${date}Connection: close\r\n\r\n`);
  }

  #raw(source: Uint8Array): void {
    this.#bytes.set(source, this.length);
    this.length += source.length;
  }

  #digits(value: number): void {
    const bytes = this.#bytes;
    let end = this.length + 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
    this.length = end;
    for (let rest = value; end > 0; rest = (rest / 10) | 0) {
      bytes[--end] = 0x30 + (rest % 10);
      if (rest < 10) return;
    }
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
