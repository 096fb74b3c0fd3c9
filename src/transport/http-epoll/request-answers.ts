// What a socket worker answers an HTTP request: the tracker's answer, a page, a redirect, an error, or somebody else's business.
import type { Cidr } from '../../protocol/cidr.ts';
import { internalError, tooManyRequests } from '../../protocol/failure.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { type ClientAddress, parseForwardedFor, toClientAddress } from '../client-address.ts';
import { acmePrefix } from '../http/acme-challenges.ts';
import { HttpAnswers, Outcome } from '../http/http-answers.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import { badRequest, tooOften, unknownPath } from '../http/http-error.ts';
import { formatHttpPage, pageFields } from '../http/http-page.ts';
import { safeTarget } from '../http/http-redirect.ts';
import { HttpTarget, Target } from '../http/http-target.ts';
import { parseRequestHost } from '../http/request-host.ts';
import type { EpollConnection } from './epoll-connection.ts';
import { latin1 } from './head-bytes.ts';
import type { ReplyWriter } from './reply-writer.ts';
import type { RequestHead } from './request-head.ts';
import type { WakeUp } from './wake-up.ts';

export interface RequestAnswersOptions {
  readonly tracker: Tracker;
  readonly counters: HttpCounters;
  readonly trustedProxies: readonly Cidr[];
  /** What the page at `/` names to a client that calls the tracker `host`, or something that is no name. */
  readonly announceUrls: (host: string | undefined) => readonly string[];
  /** Told of a defect of ours while answering; the client is told `internal error`. */
  readonly onException: (error: unknown) => void;
  /** Told of an X-Forwarded-For of a trusted proxy that cannot be read; its client is refused. */
  readonly onBrokenForwardedFor?: ((header: string) => void) | undefined;
  /** `https://host[:port]` where every request is sent instead; undefined to answer here. */
  readonly redirectTo: () => string | undefined;
  /** Whether the authority's challenges may be asked for, which another thread answers. */
  readonly acme: boolean;
  /** Whether requests for a WebSocket get one; else they are answered as if they asked for none. */
  readonly upgrades: boolean;
}

/** What becomes of the connection. */
export const Verdict = {
  /** The answer stands in the writer; the client may ask on. */
  answered: 0,
  /** The answer stands there, and is the last. */
  last: 1,
  /** The same, of a request with something wrong, of which more may come. */
  refused: 2,
  /** Nothing stands there: somebody else is to answer. */
  handOver: 3,
  /** Nothing either: it asks for a WebSocket, and may have one. */
  upgrade: 4,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** One for each thread; it answers the request whose head was read last. */
export class RequestAnswers {
  /** Requests answered so far. */
  count = 0;
  /** Whose the last request is; undefined when that cannot be told. */
  client: ClientAddress | undefined;
  readonly #options: RequestAnswersOptions;
  readonly #head: RequestHead;
  readonly #out: ReplyWriter;
  readonly #wakeUp: WakeUp;
  readonly #answers: HttpAnswers;
  readonly #target = new HttpTarget();
  readonly #manner = { head: false, close: false };

  constructor(head: RequestHead, out: ReplyWriter, wakeUp: WakeUp, options: RequestAnswersOptions) {
    this.#wakeUp = wakeUp;
    this.#head = head;
    this.#out = out;
    this.#options = options;
    this.#answers = new HttpAnswers(options.tracker, options.counters);
  }

  /** Answers the request whose head lies in `bytes`; `closing`: the tracker is about to end. */
  answer(connection: EpollConnection, bytes: Uint8Array, closing: boolean): Verdict {
    const { counters, onException } = this.#options;
    const { length } = this.#out;
    this.count++;
    try {
      return this.#route(connection, bytes, closing);
    } catch (error) {
      counters.exceptions++;
      onException(error);
      this.#out.length = length;
      this.#answers.refuse(internalError);
      return this.#send(false, true);
    }
  }

  #route(connection: EpollConnection, bytes: Uint8Array, closing: boolean): Verdict {
    const { counters, acme, upgrades } = this.#options;
    const head = this.#head;
    const manner = this.#manner;
    manner.head = head.head;
    manner.close = closing || !head.keepAlive;
    if (head.error !== undefined) {
      counters.badRequests++;
      this.#out.httpError(head.error, head.head);
      return Verdict.refused;
    }
    const client = this.#clientOf(connection, bytes);
    this.client = client;
    if (head.webSocket && upgrades) return this.#upgrade(client, connection);
    if (client !== undefined && this.#takesTooMuch(client, connection)) {
      counters.rateLimited++;
      this.#answers.refuse(tooManyRequests);
      return this.#send(false, true);
    }
    const { targetAt: at, targetEnd: end } = head;
    if (acme && latin1(bytes, at, Math.min(end, at + acmePrefix.length)) === acmePrefix)
      return Verdict.handOver;
    const redirectTo = this.#options.redirectTo();
    if (redirectTo !== undefined) return this.#redirect(redirectTo, latin1(bytes, at, end));
    const target = this.#target;
    target.read(bytes, at, end);
    switch (target.kind) {
      case Target.announce:
        return this.#take(this.#answers.announce(bytes, target.queryAt, end, client, this.#wakeUp.seconds));
      case Target.scrape:
        return this.#take(this.#answers.scrape(bytes, target.queryAt, end));
      case Target.page:
        return this.#page(bytes);
      default:
        counters.notFound++;
        this.#out.httpError(unknownPath, head.head);
        return Verdict.last;
    }
  }

  #upgrade(client: ClientAddress | undefined, connection: EpollConnection): Verdict {
    const { counters } = this.#options;
    if (client !== undefined && !this.#takesTooMuch(client, connection)) return Verdict.upgrade;
    if (client === undefined) counters.badRequests++;
    else counters.rateLimited++;
    this.#out.httpError(client === undefined ? badRequest : tooOften, false);
    return Verdict.refused;
  }

  /** Takes a token; from a trusted proxy itself none, as it speaks for many. */
  #takesTooMuch(client: ClientAddress, connection: EpollConnection): boolean {
    const limits = this.#options.tracker.protection.http;
    if (limits === undefined || (connection.proxied && client === connection)) return false;
    const now = this.#wakeUp.seconds;
    const row = limits.rowOf(client.family, client.words, 0, now);
    return row !== unlimited && !limits.take(row, now);
  }

  /** Whom an announce counts as coming from; undefined when a trusted proxy says nothing that can be read. */
  #clientOf(connection: EpollConnection, bytes: Uint8Array): ClientAddress | undefined {
    if (!connection.proxied) return connection;
    const forwardedFor = this.#head.forwardedFor(bytes);
    if (forwardedFor === undefined) return connection;
    const ip = parseForwardedFor(forwardedFor, this.#options.trustedProxies);
    if (ip !== undefined) return toClientAddress(ip);
    this.#options.onBrokenForwardedFor?.(forwardedFor);
    return undefined;
  }

  #take(outcome: Outcome): Verdict {
    // Whoever decides about it answers it, and counts it.
    if (outcome === Outcome.undecided) return Verdict.handOver;
    if (outcome !== Outcome.fullScrape) return this.#send(this.#head.gzip, outcome === Outcome.badQuestion);
    // Whoever answers it counts it.
    const { counters } = this.#options;
    counters.scrapes--;
    counters.fullScrapes--;
    return Verdict.handOver;
  }

  #send(gzip: boolean, close: boolean): Verdict {
    const manner = this.#manner;
    manner.close ||= close;
    if (this.#out.answer(this.#answers.writer, gzip, manner)) this.#options.counters.compressed++;
    return manner.close ? Verdict.last : Verdict.answered;
  }

  #page(bytes: Uint8Array): Verdict {
    const { counters, announceUrls } = this.#options;
    const { hostAt, hostEnd } = this.#head;
    const manner = this.#manner;
    counters.pages++;
    const host = parseRequestHost(hostEnd > hostAt ? latin1(bytes, hostAt, hostEnd) : undefined);
    const fields = ['Content-Type', 'text/html; charset=utf-8', ...pageFields];
    this.#out.text(200, 'OK', fields, formatHttpPage(announceUrls(host)), manner);
    return manner.close ? Verdict.last : Verdict.answered;
  }

  #redirect(origin: string, target: string): Verdict {
    const manner = this.#manner;
    this.#out.text(301, 'Moved Permanently', ['Location', origin + safeTarget(target)], '', manner);
    return manner.close ? Verdict.last : Verdict.answered;
  }
}
