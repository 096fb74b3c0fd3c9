// Knows what the HTTP transport counts; plain numbers that whoever reports them may read at any time.
import type { Failure } from '../../protocol/failure.ts';
import { answerStatsSlots, countRefusal } from '../answer-stats.ts';

export class HttpCounters {
  /** Requests by kind; refused ones count in their kind too. */
  announces = 0;
  scrapes = 0;
  fullScrapes = 0;
  pages = 0;
  /** Answered 404. */
  notFound = 0;
  /** Answered 4xx otherwise: malformed, too large, with a body, another method. */
  badRequests = 0;
  /** Requests that did not arrive in time. */
  timeouts = 0;
  /** Answers sent with gzip. */
  compressed = 0;
  exceptions = 0;
  /** Answered with few peers, because the peer came back too early. */
  earlyAnnounces = 0;
  /** Answered that they come too often. */
  rateLimited = 0;
  connectionsOpen = 0;
  connectionsOpened = 0;
  /** Reset because there are too many, in all or from one address. */
  connectionsRefused = 0;
  /** Reset because their address sends too many requests. */
  connectionsRateLimited = 0;
  /** Ended to make room, having asked nothing for longer than all others. */
  connectionsShed = 0;
  /** What answer-stats.ts knows of announces and latency. */
  readonly stats = new Float64Array(answerStatsSlots);
  /** Connections from trusted proxies that began with no readable PROXY header. */
  proxyHeadersMissing = 0;
  /** TLS handshakes that did not come to an end: broken off, too slow, in plain text, pushed out. */
  handshakesFailed = 0;
  handshakesDone = 0;
  /** Refused announces and scrapes by `failure reason`. */
  readonly failures = new Map<string, number>();

  countFailure(failure: Failure): void {
    countRefusal(this.stats, failure.kind);
    this.failures.set(failure.message, (this.failures.get(failure.message) ?? 0) + 1);
  }
}
