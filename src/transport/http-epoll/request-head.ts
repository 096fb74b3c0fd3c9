// Reads a request's head from bytes as they arrive, as strictly as node:http does, without an object for it.
import { METHODS } from 'node:http';
import { acceptsGzip } from '../http/accept-encoding.ts';
import { badRequest, type HttpError, headTooLarge, unwantedBody, wrongMethod } from '../http/http-error.ts';
import { asksForWebSocket } from '../http/http-upgrade.ts';
import {
  bytesOf,
  is,
  isMethodByte,
  isValueByte,
  latin1,
  readLineEnd,
  readTarget,
  startsWith,
  tokenBytes,
} from './head-bytes.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

const get = bytesOf('GET ');
const head = bytesOf('HEAD ');
const http = bytesOf('HTTP/');
const otherVersion = -1;
/** Methods whose whole head node:http reads before it says that they are not wanted. */
const knownMethods = new Set(METHODS.filter((method) => method !== 'CONNECT'));
const longestMethod = 32;
/** ` HTTP/1.1`, the spaces between, and the empty line: what a head has besides its parts. */
const fixedBytes = ' '.length + ' HTTP/1.1\r\n\r\n'.length;
/** `: ` and the line's end. */
const fieldExtraBytes = 4;
/** What a Content-Length may not reach. */
const lengthOverflow = 2 ** 64;

const host = bytesOf('host');
const close = bytesOf('close');
const expect = bytesOf('expect');
const upgrade = bytesOf('upgrade');
const keepAlive = bytesOf('keep-alive');
const connection = bytesOf('connection');
const contentLength = bytesOf('content-length');
const acceptEncoding = bytesOf('accept-encoding');
const forwardedFor = bytesOf('x-forwarded-for');
const proxyConnection = bytesOf('proxy-connection');
const transferEncoding = bytesOf('transfer-encoding');

/** The head last read; one for each thread. */
export class RequestHead {
  /** Why the request cannot be answered; when set after a complete head too, the connection is to end. */
  error: HttpError | undefined;
  /** HEAD rather than GET. */
  head = false;
  /** The request target is `bytes[targetAt .. targetEnd)`. */
  targetAt = 0;
  targetEnd = 0;
  /** Minor version: 0 or 1; −1 when the major one is another. */
  minor = 1;
  /** Whether the client wants to ask on. */
  keepAlive = true;
  gzip = false;
  /** The first Host field's value; empty range when there is none. */
  hostAt = 0;
  hostEnd = 0;
  /** Asks for a WebSocket. */
  webSocket = false;
  readonly #maxBytes: number;
  #size = 0;
  #body = false;
  #otherMethod = false;
  #waits = false;
  #hasHost = false;
  #hasLength = false;
  #hasTransfer = false;
  #close = false;
  #keep = false;
  #forwarded: number[] = [];
  // Clients of one kind send the same text each time.
  #lastEncoding = new Uint8Array(0);
  #lastGzip = false;

  /** @param maxBytes of request line and fields together, counted without superfluous blanks. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads the head at the start of `bytes[at .. end)`: where it ends, 0 when more has to come, −1 when it is none.
   * `error` says what is wrong with one that is none, or that is whole and yet not to be answered.
   */
  read(bytes: Uint8Array, at: number, end: number): number {
    this.#clear();
    let start = at;
    while (start < end && (bytes[start] === CR || bytes[start] === LF)) start++;
    const lineEnd = this.#readRequestLine(bytes, start, end);
    if (lineEnd <= 0) return this.#unfinished(lineEnd, end - start);
    const headEnd = this.#readFields(bytes, lineEnd, end);
    if (headEnd <= 0) return this.#unfinished(headEnd, end - start);
    // Who waits to be told to go on is not told, and so may send what would look like the next request.
    this.keepAlive = this.minor === 1 ? !this.#close && !this.#waits : this.#keep;
    this.error = this.#errorOfWhole();
    return headEnd;
  }

  /** All X-Forwarded-For fields of the head last read from `bytes`, in order; undefined when there is none. */
  forwardedFor(bytes: Uint8Array): string | undefined {
    const fields = this.#forwarded;
    if (fields.length === 0) return undefined;
    let text = '';
    for (let i = 0; i < fields.length; i += 2) {
      if (i > 0) text += ',';
      text += latin1(bytes, fields[i], fields[i + 1]);
    }
    return text;
  }

  #clear(): void {
    this.error = undefined;
    this.head = false;
    this.gzip = false;
    this.webSocket = false;
    this.hostAt = this.hostEnd = 0;
    this.#size = fixedBytes;
    this.#body =
      this.#otherMethod =
      this.#waits =
      this.#hasHost =
      this.#hasLength =
      this.#hasTransfer =
      this.#close =
      this.#keep =
        false;
    if (this.#forwarded.length > 0) this.#forwarded.length = 0;
  }

  #unfinished(result: number, received: number): number {
    if (result === 0 && received < this.#maxBytes) return 0;
    if (result === 0) this.error = headTooLarge;
    this.error ??= badRequest;
    return -1;
  }

  #errorOfWhole(): HttpError | undefined {
    if (this.#otherMethod) return wrongMethod;
    if (this.#body) return unwantedBody;
    if (this.minor === otherVersion) return badRequest;
    // RFC 9112, 3.2: a request of version 1.1 without one must be refused.
    if (this.minor === 1 && !this.#hasHost) return badRequest;
    return this.#size > this.#maxBytes ? headTooLarge : undefined;
  }

  /** Where the fields begin; 0 when more has to come, −1 when it is no request line. */
  #readRequestLine(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (startsWith(bytes, at, end, get)) at += get.length;
    else if (startsWith(bytes, at, end, head)) {
      at += head.length;
      this.head = true;
    } else {
      at = this.#readOtherMethod(bytes, at, end);
      if (at <= 0) return at;
    }
    this.#size += at - start - 1;
    while (at < end && bytes[at] === SPACE) at++;
    this.targetAt = at;
    at = readTarget(bytes, at, end);
    if (at <= 0) return at;
    this.targetEnd = at;
    this.#size += at - this.targetAt;
    while (at < end && bytes[at] === SPACE) at++;
    return this.#readVersion(bytes, at, end);
  }

  /** As node:http's parser, it knows versions 0.9 (also by its absence) and 2.0 too, which are refused in the end. */
  #readVersion(bytes: Uint8Array, start: number, end: number): number {
    if (start === this.targetEnd && start < end) {
      this.minor = otherVersion;
      return bytes[start] === LF ? start + 1 : readLineEnd(bytes, start, end);
    }
    for (let i = 0; i < http.length; i++) {
      if (start + i >= end) return 0;
      if (bytes[start + i] !== http[i]) return -1;
    }
    const at = start + http.length;
    if (at + 2 >= end) return 0;
    const major = bytes[at] - 0x30;
    const minor = bytes[at + 2] - 0x30;
    if (bytes[at + 1] !== 0x2e) return -1;
    if (major === 1 && (minor === 0 || minor === 1)) this.minor = minor;
    else if ((major === 0 && minor === 9) || (major === 2 && minor === 0)) this.minor = otherVersion;
    else return -1;
    return readLineEnd(bytes, at + 3, end);
  }

  /** A method that is not wanted: behind it where the head is read on, or as `#readRequestLine` returns. */
  #readOtherMethod(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && isMethodByte(bytes[at]) && at - start < longestMethod) at++;
    if (at === end) return 0;
    if (at === start || bytes[at] !== SPACE) return -1;
    const method = latin1(bytes, start, at);
    if (method === 'GET' || method === 'HEAD') return -1;
    if (knownMethods.has(method)) {
      this.#otherMethod = true;
      return at + 1;
    }
    const lineFeed = bytes.subarray(at, end).indexOf(LF);
    if (lineFeed < 0) return 0;
    const rest = latin1(bytes, at, at + lineFeed + 1);
    if (/^ [^ \r\n]+ HTTP\/1\.[01]\r?\n$/.test(rest)) this.error = wrongMethod;
    return -1;
  }

  /** Where the head ends; 0 when more has to come, −1 when a field is none. */
  #readFields(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      if (at >= end) return 0;
      if (bytes[at] === CR) return readLineEnd(bytes, at, end);
      const nameAt = at;
      while (at < end && tokenBytes[bytes[at]] === 1) at++;
      if (at >= end) return 0;
      if (at === nameAt || bytes[at] !== COLON) return -1;
      const nameEnd = at++;
      while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
      const valueAt = at;
      while (at < end && isValueByte(bytes[at])) at++;
      if (at >= end) return 0;
      let valueEnd = at;
      while (valueEnd > valueAt && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
      at = readLineEnd(bytes, at, end);
      if (at < 0) return -1;
      if (at === 0) return 0;
      this.#size += nameEnd - nameAt + valueEnd - valueAt + fieldExtraBytes;
      const nameLength = nameEnd - nameAt;
      if (
        (nameLength < 4 || nameLength > 17) === false &&
        !this.#readField(bytes, nameAt, nameLength, valueAt, valueEnd)
      )
        return -1;
    }
  }

  /** Takes up a field that matters here; false when its value is against the rules of HTTP itself. */
  #readField(bytes: Uint8Array, nameAt: number, nameLength: number, at: number, end: number): boolean {
    switch (nameLength) {
      case 4:
        if (is(bytes, nameAt, host) && !this.#hasHost) {
          this.#hasHost = true;
          this.hostAt = at;
          this.hostEnd = end;
        }
        return true;
      case 6:
        if (is(bytes, nameAt, expect))
          this.#waits ||= /(?:^|\W)100-continue(?:$|\W)/i.test(latin1(bytes, at, end));
        return true;
      case 7:
        if (is(bytes, nameAt, upgrade)) this.webSocket ||= asksForWebSocket(latin1(bytes, at, end));
        return true;
      case 10:
        if (is(bytes, nameAt, connection)) this.#readConnection(bytes, at, end);
        return true;
      case 14:
        return !is(bytes, nameAt, contentLength) || this.#readLength(bytes, at, end);
      case 15:
        if (is(bytes, nameAt, acceptEncoding)) this.gzip ||= this.#accepts(bytes, at, end);
        else if (is(bytes, nameAt, forwardedFor)) this.#forwarded.push(at, end);
        return true;
      case 16:
        if (is(bytes, nameAt, proxyConnection)) this.#readConnection(bytes, at, end);
        return true;
      case 17:
        return !is(bytes, nameAt, transferEncoding) || this.#readTransfer();
      default:
        return true;
    }
  }

  #readConnection(bytes: Uint8Array, at: number, end: number): void {
    // As nearly all write it; to take a list apart costs more than all else that a head does.
    if (end - at === close.length && is(bytes, at, close)) this.#close = true;
    else if (end - at === keepAlive.length && is(bytes, at, keepAlive)) this.#keep = true;
    else this.#readOptions(bytes, at, end);
  }

  #readOptions(bytes: Uint8Array, at: number, end: number): void {
    for (const word of latin1(bytes, at, end).toLowerCase().split(',')) {
      const option = word.trim();
      if (option === 'close') this.#close = true;
      else if (option === 'keep-alive') this.#keep = true;
    }
  }

  #readLength(bytes: Uint8Array, at: number, end: number): boolean {
    if (this.#hasLength || this.#hasTransfer) return false;
    this.#hasLength = true;
    const text = latin1(bytes, at, end);
    if (!/^[0-9]+$/.test(text) || Number(text) >= lengthOverflow) return false;
    this.#body ||= !/^0+$/.test(text);
    return true;
  }

  #readTransfer(): boolean {
    if (this.#hasLength || this.#hasTransfer) return false;
    this.#hasTransfer = true;
    this.#body = true;
    return true;
  }

  #accepts(bytes: Uint8Array, at: number, end: number): boolean {
    const last = this.#lastEncoding;
    if (end - at !== last.length || !startsWith(bytes, at, end, last)) {
      this.#lastEncoding = bytes.slice(at, end);
      this.#lastGzip = acceptsGzip(latin1(bytes, at, end));
    }
    return this.#lastGzip;
  }
}
