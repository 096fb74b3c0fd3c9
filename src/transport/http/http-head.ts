// Knows which header fields of a request matter to a tracker, and finds them in one walk without an object for them all.
//
// It also counts the head's bytes: node:http leaves out separators, so a head of 9 KiB in small fields passed its own
// limit.
import { acceptsGzip } from './accept-encoding.ts';

/** The head last read; reused for every request. */
export class HttpHead {
  gzip = false;
  /** All X-Forwarded-For fields in order, or undefined when there is none. */
  forwardedFor: string | undefined;
  /** A body is announced, of whatever length but 0. */
  body = false;
  /** Size of the header fields with their separators. */
  bytes = 0;
  // Clients of one kind send the same text each time.
  #lastEncoding = '';
  #lastGzip = false;

  /** Reads name, value, name, value … as node:http's `rawHeaders` holds them. */
  read(rawHeaders: readonly string[]): void {
    this.gzip = false;
    this.forwardedFor = undefined;
    this.body = false;
    this.bytes = 0;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i];
      this.bytes += name.length + rawHeaders[i + 1].length + 4;
      // Most fields are told apart by their length alone.
      if (name.length < 14 || name.length > 17) continue;
      this.#readField(name.toLowerCase(), rawHeaders[i + 1]);
    }
  }

  #readField(name: string, value: string): void {
    if (name === 'accept-encoding') this.gzip ||= this.#accepts(value);
    else if (name === 'x-forwarded-for') {
      this.forwardedFor = this.forwardedFor === undefined ? value : `${this.forwardedFor},${value}`;
    } else if (name === 'content-length') this.body ||= !/^0+$/.test(value);
    else if (name === 'transfer-encoding') this.body = true;
  }

  #accepts(value: string): boolean {
    if (value !== this.#lastEncoding) {
      this.#lastGzip = acceptsGzip(value);
      this.#lastEncoding = value;
    }
    return this.#lastGzip;
  }
}
