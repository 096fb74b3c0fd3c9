// What a request that node:http has read is answered, on whosever connection it came.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fullScrapeBusy, internalError, tooManyRequests, undecided } from '../../protocol/failure.ts';
import { countLatency } from '../answer-stats.ts';
import type { ClientAddress } from '../client-address.ts';
import type { FullScrapes } from './full-scrapes.ts';
import { HttpAnswers, Outcome } from './http-answers.ts';
import type { HttpCounters } from './http-counters.ts';
import { type HttpError, unknownPath } from './http-error.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { formatHttpPage, pageFields } from './http-page.ts';
import { sendAnswer, sendText } from './http-send.ts';
import { HttpTarget, Target } from './http-target.ts';
import { type Asker, RequestChecks, type RequestChecksOptions } from './request-checks.ts';
import { parseRequestHost } from './request-host.ts';

export interface HttpRequestsOptions extends RequestChecksOptions {
  /** Of `tracker`; shared by all HTTP listeners of the process. */
  fullScrapes: FullScrapes;
  counters: HttpCounters;
  /** What the page at `/` names to a client that calls the tracker `host`, or something that is no name. */
  announceUrls: (host: string | undefined) => readonly string[];
  /** Told of a defect of ours while answering; the client is told `internal error`. */
  onException: (error: unknown) => void;
  limits?: HttpLimits;
  /** Is asked first about every GET and HEAD: answers and returns true, or returns false. */
  answerFirst?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A pipeline could ask for thousands. */
const maxStreamsPerConnection = 4;

export class HttpRequests {
  readonly #options: HttpRequestsOptions;
  readonly #answers: HttpAnswers;
  readonly #checks: RequestChecks;
  readonly #target = new HttpTarget();
  readonly #targetBytes: Buffer;
  #closing = false;

  constructor(options: HttpRequestsOptions) {
    const { headBytes } = options.limits ?? defaultHttpLimits;
    this.#options = options;
    this.#answers = new HttpAnswers(options.tracker, options.counters);
    this.#checks = new RequestChecks(options, headBytes);
    this.#targetBytes = Buffer.alloc(headBytes);
  }

  /** Says with each answer from now on that the connection ends with it. */
  close(): void {
    this.#closing = true;
  }

  /**
   * Answers an announce or a scrape that has come to a server of somebody else's, whose limits hold for its connection;
   * false, and nothing is done, when it is neither. `kind` says what it is, whatever its path.
   */
  answerForOther(
    request: IncomingMessage,
    response: ServerResponse,
    asker: Asker,
    kind?: typeof Target.announce | typeof Target.scrape,
  ): boolean {
    const target = this.#readTarget(request);
    const asked = kind ?? target.kind;
    if (asked !== Target.announce && asked !== Target.scrape) return false;
    this.answer(request, response, asker, asked);
    return true;
  }

  /** Answers whatever is asked; `kind` where the path does not say it. */
  answer(request: IncomingMessage, response: ServerResponse, asker: Asker, kind?: Target): void {
    const start = performance.now();
    try {
      this.#route(request, response, asker, kind);
      countLatency(this.#options.counters.stats, performance.now() - start, 1);
    } catch (error) {
      this.#fail(error, response);
    }
  }

  #route(request: IncomingMessage, response: ServerResponse, asker: Asker, kind?: Target): void {
    const { counters } = this.#options;
    const error = this.#checks.errorOf(request);
    if (error !== undefined) {
      counters.badRequests++;
      respondWith(response, error);
      return;
    }
    const client = this.#checks.clientOf(asker);
    if (client !== undefined && this.#checks.isOverLimit(client, asker)) {
      counters.rateLimited++;
      this.#answers.refuse(tooManyRequests);
      sendAnswer(response, this.#answers.writer, false, true);
      return;
    }
    if (this.#options.answerFirst?.(request, response)) return;
    const target = this.#readTarget(request);
    switch (kind ?? target.kind) {
      case Target.announce:
        this.#announce(request, response, asker, client);
        return;
      case Target.scrape:
        this.#send(response, asker, this.#answers.scrape(this.#targetBytes, target.queryAt, target.end));
        return;
      case Target.page:
        counters.pages++;
        sendText(
          response,
          200,
          'text/html; charset=utf-8',
          formatHttpPage(this.#options.announceUrls(parseRequestHost(request.headers.host))),
          ...pageFields,
          ...(this.#closing ? ['Connection', 'close'] : []),
        );
        return;
      default:
        counters.notFound++;
        respondWith(response, unknownPath);
    }
  }

  /** Answers the announce whose head and target have been read, now or when it is decided about. */
  #announce(
    request: IncomingMessage,
    response: ServerResponse,
    asker: Asker,
    client: ClientAddress | undefined,
  ): void {
    const { queryAt, end } = this.#target;
    const { tracker, clock } = this.#options;
    const outcome = this.#answers.announce(this.#targetBytes, queryAt, end, client, clock());
    if (outcome !== Outcome.undecided) {
      this.#send(response, asker, outcome);
      return;
    }
    if (tracker.decisions === undefined) {
      this.#answers.refuse(undecided);
      this.#send(response, asker, Outcome.refused);
      return;
    }
    tracker.decisions.whenDecided(() => {
      // Meanwhile it may have gone, and others have been read.
      if (request.socket.destroyed || response.writableEnded) return;
      try {
        this.#checks.head.read(request.rawHeaders);
        this.#readTarget(request);
        this.#announce(request, response, asker, client);
      } catch (error) {
        this.#fail(error, response);
      }
    });
  }

  #readTarget(request: IncomingMessage): HttpTarget {
    const length = this.#targetBytes.write(request.url!, 'latin1');
    this.#target.read(this.#targetBytes, 0, length);
    return this.#target;
  }

  #send(response: ServerResponse, asker: Asker, outcome: Outcome): void {
    const { gzip } = this.#checks.head;
    const close = outcome === Outcome.badQuestion || this.#closing;
    if (outcome === Outcome.fullScrape && !this.#sendFullScrape(response, asker, gzip, close)) return;
    if (sendAnswer(response, this.#answers.writer, gzip, close)) this.#options.counters.compressed++;
  }

  /** True when the answer is short and stands ready; otherwise it is on its way. */
  #sendFullScrape(response: ServerResponse, asker: Asker, gzip: boolean, close: boolean): boolean {
    if (asker.streams >= maxStreamsPerConnection) {
      this.#answers.refuse(fullScrapeBusy);
      return true;
    }
    const whole = this.#options.fullScrapes.begin(response, asker, gzip, close, (error) => {
      // Clients may leave whenever they like.
      if (!isDeparture(error)) this.#fail(error, response);
    });
    if (whole !== undefined) this.#answers.take(whole);
    return whole !== undefined;
  }

  /** Our fault: count, tell, and answer as well as still can be. */
  #fail(error: unknown, response: ServerResponse): void {
    this.#options.counters.exceptions++;
    this.#options.onException(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    this.#answers.refuse(internalError);
    sendAnswer(response, this.#answers.writer, false, true);
  }
}

function respondWith(response: ServerResponse, { status, text, fields }: HttpError): void {
  sendText(response, status, 'text/plain', text, 'Connection', 'close', ...fields);
}

function isDeparture(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}
