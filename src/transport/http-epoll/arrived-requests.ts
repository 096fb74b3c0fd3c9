// How what a client has sent becomes answers: whole requests are answered where they lie, and what is missing of one is waited for.
import { EPOLLIN } from '../../net/layouts.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import { badRequest, type HttpError } from '../http/http-error.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import type { Departures } from './departures.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import { headerIncomplete, type ProxyHeaders } from './proxy-headers.ts';
import type { ReplySender } from './reply-sender.ts';
import type { ReplyWriter } from './reply-writer.ts';
import { type RequestAnswers, Verdict } from './request-answers.ts';
import type { RequestHead } from './request-head.ts';

export interface ArrivedRequestsParts {
  /** What has come is read into this; its front is free for what has to be joined. */
  readonly input: Uint8Array;
  readonly head: RequestHead;
  readonly out: ReplyWriter;
  readonly answers: RequestAnswers;
  readonly connections: OpenConnections;
  readonly sender: ReplySender;
  readonly proxyHeaders: ProxyHeaders;
  readonly departures: Departures;
}

const LF = 0x0a;

export class ArrivedRequests {
  /** Whether connections end behind their next answer. */
  closing = false;
  readonly #bytes: Uint8Array;
  readonly #head: RequestHead;
  readonly #out: ReplyWriter;
  readonly #answers: RequestAnswers;
  readonly #connections: OpenConnections;
  readonly #sender: ReplySender;
  readonly #proxyHeaders: ProxyHeaders;
  readonly #departures: Departures;
  readonly #counters: HttpCounters;
  readonly #limits: HttpLimits;

  constructor(
    { input, head, out, answers, connections, sender, proxyHeaders, departures }: ArrivedRequestsParts,
    { counters, limits }: { readonly counters: HttpCounters; readonly limits: HttpLimits },
  ) {
    this.#bytes = input;
    this.#head = head;
    this.#out = out;
    this.#answers = answers;
    this.#connections = connections;
    this.#sender = sender;
    this.#proxyHeaders = proxyHeaders;
    this.#departures = departures;
    this.#counters = counters;
    this.#limits = limits;
  }

  /** Of what now stands in `bytes[start .. end)`, all before `seen` has been looked at before. */
  take(connection: EpollConnection, start: number, seen: number, end: number): void {
    if (connection.phase !== Phase.proxyHeader) {
      this.#answer(connection, start, seen, end);
      return;
    }
    // A header is read at the front.
    this.#bytes.copyWithin(0, start, end);
    const length = end - start;
    const at = this.#proxyHeaders.read(connection, this.#bytes, length);
    if (at >= 0) this.#answer(connection, at, at, length);
    else if (at === headerIncomplete) this.#connections.setInterest(connection, EPOLLIN);
    else {
      this.#counters.proxyHeadersMissing++;
      this.#connections.close(connection);
    }
  }

  /** Answers the requests in `bytes[at .. end)`; what is before `seen` held no whole head when it was looked at last. */
  #answer(connection: EpollConnection, start: number, seen: number, end: number): void {
    const bytes = this.#bytes;
    let at = start;
    // Without the end of a line there is no head; who sends byte by byte is not read from the start each time.
    const news = seen === start || hasLineFeed(bytes, seen, end) || end - start >= this.#limits.headBytes;
    while (news && at < end) {
      if (!this.#out.hasRoom && !this.#sender.flush(connection)) break;
      const headEnd = this.#head.read(bytes, at, end);
      if (headEnd === 0) break;
      if (headEnd < 0) {
        this.#counters.badRequests++;
        this.refuse(connection, this.#head.error!);
        return;
      }
      this.#connections.renew(connection);
      const verdict = this.#answers.answer(connection, bytes, this.closing);
      if (verdict === Verdict.handOver || verdict === Verdict.upgrade) {
        const error = this.#departures.part(connection, at, headEnd, end, verdict === Verdict.upgrade);
        if (error !== undefined) this.refuse(connection, error);
        return;
      }
      at = headEnd;
      if (verdict === Verdict.answered) continue;
      this.#sender.finish(connection, verdict === Verdict.refused || at < end);
      return;
    }
    // Unless it broke while an answer was sent.
    if (connection.fd < 0) return;
    this.#keepRest(connection, at, end, at > start);
    if (connection.pending === undefined && this.#sender.flush(connection))
      this.#connections.setInterest(connection, EPOLLIN);
  }

  /** `asked`: since the last time, a whole request has come. */
  #keepRest(connection: EpollConnection, start: number, end: number, asked: boolean): void {
    const bytes = this.#bytes;
    let at = start;
    // Empty lines before a request line are nothing (RFC 9112, 2.2), and so put off nothing.
    if (connection.pending === undefined) while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++;
    const { headMs, keepAliveMs } = this.#limits;
    if (at === end) {
      if (connection.partialLength > 0) connection.drop();
      if (asked) this.#connections.setDeadline(connection, keepAliveMs);
      if (connection.phase !== Phase.sending) connection.phase = Phase.idle;
      return;
    }
    // The first one's time began with the connection.
    if (connection.asked && (asked || connection.phase === Phase.idle))
      this.#connections.setDeadline(connection, headMs);
    connection.keep(bytes, at, end);
    if (connection.phase !== Phase.sending) connection.phase = Phase.head;
  }

  /** A client sends no more: what it left unfinished is told so. */
  otherSideEnded(connection: EpollConnection): void {
    if (connection.phase !== Phase.head) {
      if (connection.phase === Phase.proxyHeader) this.#counters.proxyHeadersMissing++;
      this.#connections.close(connection);
      return;
    }
    this.#counters.badRequests++;
    this.refuse(connection, badRequest);
  }

  /** Answers what cannot be read as a request, and ends. */
  refuse(connection: EpollConnection, error: HttpError): void {
    this.#out.httpError(error, false);
    this.#sender.finish(connection, true);
  }

  /** Answers what had come before the client stopped reading. */
  resume(connection: EpollConnection): void {
    const kept = connection.partialLength;
    const { keepAliveMs, headMs } = this.#limits;
    connection.phase = kept > 0 ? Phase.head : Phase.idle;
    this.#connections.setDeadline(connection, kept > 0 ? headMs : keepAliveMs);
    if (kept === 0) {
      this.#connections.setInterest(connection, EPOLLIN);
      return;
    }
    this.#bytes.set(connection.partial.subarray(0, kept));
    this.#answer(connection, 0, 0, kept);
  }
}

function hasLineFeed(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] === LF) return true;
  return false;
}
