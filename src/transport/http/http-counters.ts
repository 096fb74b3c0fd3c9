// Knows what the HTTP transport counts: numbers in memory that another thread may read at any time.
import type { Failure } from '../../protocol/failure.ts';
import { answerStatsLength, countRefusal } from '../answer-stats.ts';

/** Each with its place: the numbers stand behind one another. */
const names = [
  // Requests by kind; refused ones count in their kind too.
  'announces',
  'scrapes',
  'fullScrapes',
  'pages',
  /** Answered 404. */
  'notFound',
  /** Answered 4xx otherwise: malformed, too large, with a body, another method. */
  'badRequests',
  /** Requests that did not arrive in time. */
  'timeouts',
  /** Answers sent with gzip. */
  'compressed',
  'exceptions',
  /** Answered with few peers, because the peer came back too early. */
  'earlyAnnounces',
  /** Answered that they come too often. */
  'rateLimited',
  /** As they come; over node:http at each request and at the end of its connection, with TLS the ciphertext. */
  'bytesIn',
  'bytesOut',
  'connectionsOpen',
  'connectionsOpened',
  /** Reset because there are too many, in all or from one address. */
  'connectionsRefused',
  /** Reset because their address sends too many requests. */
  'connectionsRateLimited',
  /** Ended to make room, having asked nothing for longer than all others. */
  'connectionsShed',
  /** Connections from trusted proxies that began with no readable PROXY header. */
  'proxyHeadersMissing',
  /** TLS handshakes that did not come to an end: broken off, too slow, in plain text, pushed out. */
  'handshakesFailed',
  'handshakesDone',
] as const;

/** Numbers of one set: the names', and what answer-stats.ts knows of announces and latency; whole cache lines. */
const setLength = answerStatsLength + Math.ceil(names.length / 8) * 8;

/** Bytes of one set, in memory for several. */
export const httpCounterBytes = setLength * Float64Array.BYTES_PER_ELEMENT;

type Named = Record<(typeof names)[number], number>;

export interface HttpCounters extends Named {}

/** One set; only one thread counts in it. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the names are accessors, defined once for all below
export class HttpCounters {
  readonly stats: Float64Array;
  readonly #numbers: Float64Array;

  /** Set number `index` in `memory`; without memory one of its own. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(httpCounterBytes), index = 0) {
    const at = index * httpCounterBytes;
    this.stats = new Float64Array(memory, at, answerStatsLength);
    this.#numbers = new Float64Array(memory, at + this.stats.byteLength, names.length);
  }

  static {
    names.forEach((name, at) => {
      Object.defineProperty(HttpCounters.prototype, name, {
        get(this: HttpCounters) {
          return this.#numbers[at];
        },
        set(this: HttpCounters, value: number) {
          this.#numbers[at] = value;
        },
      });
    });
  }

  countFailure(failure: Failure): void {
    countRefusal(this.stats, failure.kind);
  }
}

/** The sums over several sets, by name. */
export function sumHttpCounters(sets: readonly HttpCounters[]): Readonly<Named> {
  return Object.fromEntries(
    names.map((name) => [name, sets.reduce((sum, counters) => sum + counters[name], 0)]),
  ) as Named;
}
