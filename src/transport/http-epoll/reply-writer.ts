// Puts answers into HTTP, byte by byte where the kernel takes them from: status line, fields, body.
import type { ByteWriter } from '../../protocol/byte-writer.ts';
import { gzipIfSmaller } from '../http/gzip.ts';
import type { HttpError } from '../http/http-error.ts';

/** Longer than any head that is written here, a redirect's target apart. */
const roomForHead = 512;

const answerStart = bytesOf('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nVary: Accept-Encoding\r\n');
const gzipField = bytesOf('Content-Encoding: gzip\r\n');
const closeField = bytesOf('Connection: close\r\n');
const lengthField = bytesOf('Content-Length: ');
const lineEnd = bytesOf('\r\n');

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
  /** Where the next reply begins; all before it are to be sent. */
  length = 0;
  /** A reply that the memory is too small for; it follows what stands there. Whoever takes it sets it back. */
  large: Uint8Array | undefined;
  readonly #options: ReplyWriterOptions;
  readonly #bytes: Uint8Array;
  readonly #keepField: Uint8Array;
  #dateField = new Uint8Array(0);
  #dateSecond = -1;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
    this.#bytes = options.bytes;
    this.#keepField = bytesOf(
      `Connection: keep-alive\r\nKeep-Alive: timeout=${options.keepAliveSeconds}\r\n\r\n`,
    );
  }

  /** Whether a reply of usual size still fits. */
  get hasRoom(): boolean {
    return this.length < this.#bytes.length / 2;
  }

  /** Appends a tracker's answer, status 200 whatever it says. Returns whether it goes out compressed. */
  answer(body: ByteWriter, gzip: boolean, manner: ReplyManner): boolean {
    const compressed = gzip ? gzipIfSmaller(body.bytes, body.length) : undefined;
    const length = compressed?.length ?? body.length;
    if (!this.#fits(manner.head ? 0 : length)) {
      const content = (compressed ?? body.bytes).subarray(0, length);
      this.#appendLarge(
        (large) => large.#writeAnswer(content, length, compressed !== undefined, manner),
        length,
      );
    } else this.#writeAnswer(compressed ?? body.bytes, length, compressed !== undefined, manner);
    return compressed !== undefined;
  }

  /** Appends a page, an error, a redirect. `fields`: name, value, … */
  text(status: number, phrase: string, fields: readonly string[], body: string, manner: ReplyManner): void {
    let text = `HTTP/1.1 ${status} ${phrase}\r\n`;
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
    const content = Buffer.from(body);
    text += `Content-Length: ${content.length}\r\n`;
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

  #writeAnswer(body: Uint8Array, length: number, compressed: boolean, { head, close }: ReplyManner): void {
    this.#raw(answerStart);
    if (compressed) this.#raw(gzipField);
    this.#raw(lengthField);
    this.#digits(length);
    this.#raw(lineEnd);
    this.#end(close);
    if (head) return;
    this.#bytes.set(body.length === length ? body : body.subarray(0, length), this.length);
    this.length += length;
  }

  #writeText(start: Uint8Array, content: Uint8Array, { head, close }: ReplyManner): void {
    this.#raw(start);
    this.#end(close);
    if (!head) this.#raw(content);
  }

  /** Date, Connection and the empty line. */
  #end(close: boolean): void {
    this.#raw(this.#date());
    if (!close) {
      this.#raw(this.#keepField);
      return;
    }
    this.#raw(closeField);
    this.#raw(lineEnd);
  }

  #date(): Uint8Array {
    const second = Math.floor(this.#options.wallClock() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateField = bytesOf(`Date: ${new Date(second * 1000).toUTCString()}\r\n`);
    }
    return this.#dateField;
  }

  #raw(source: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = 0; i < source.length; i++) bytes[at++] = source[i];
    this.length = at;
  }

  #digits(value: number): void {
    let divisor = 1;
    while (divisor * 10 <= value) divisor *= 10;
    for (; divisor >= 1; divisor = Math.floor(divisor / 10)) {
      this.#bytes[this.length++] = 0x30 + (Math.floor(value / divisor) % 10);
    }
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
