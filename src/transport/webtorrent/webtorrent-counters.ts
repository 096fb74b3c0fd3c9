// Knows what WebTorrent counts: numbers in memory that another thread may read at any time.
import type { Failure } from '../../protocol/failure.ts';
import { answerStatsLength, countRefusal } from '../answer-stats.ts';

/** Each with its place: the numbers stand behind one another. */
const names = [
  // Messages by kind; refused ones count in their kind too.
  'announces',
  'answers',
  'scrapes',
  'fullScrapes',
  /** Offers that were sent on, and answers. */
  'offersRelayed',
  'answersRelayed',
  /** Offers that found nobody: more of them than peers, or the peer's connection had just ended. */
  'offersUnsent',
  /** Answers to no offer that could still be answered by that connection. */
  'answersUnmatched',
  /** For another thread, whose ring was full. */
  'lettersDropped',
  /** Peers that went on with another connection of their address. */
  'peersMoved',
  'exceptions',
  'bytesIn',
  'bytesOut',
  /** Connections over TLS and without, open now and opened since the start. */
  'plainOpen',
  'secureOpen',
  'plainOpened',
  'secureOpened',
  // Connections that were not opened.
  'handshakesFailed',
  'originsRefused',
  'tooManyConnections',
  // Connections that were ended.
  'protocolErrors',
  'unresponsive',
  'slowMessages',
  'slowReaders',
] as const;

const setLength = answerStatsLength + Math.ceil(names.length / 8) * 8;

/** Bytes of one set, in memory for several. */
export const webTorrentCounterBytes = setLength * Float64Array.BYTES_PER_ELEMENT;

type Named = Record<(typeof names)[number], number>;

export interface WebTorrentCounters extends Named {}

/** One set; only one thread counts in it. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the names are accessors, defined once for all below
export class WebTorrentCounters {
  readonly stats: Float64Array;
  readonly #numbers: Float64Array;

  /** Set number `index` in `memory`; without memory one of its own. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(webTorrentCounterBytes), index = 0) {
    const at = index * webTorrentCounterBytes;
    this.stats = new Float64Array(memory, at, answerStatsLength);
    this.#numbers = new Float64Array(memory, at + this.stats.byteLength, names.length);
  }

  static {
    names.forEach((name, at) => {
      Object.defineProperty(WebTorrentCounters.prototype, name, {
        get(this: WebTorrentCounters) {
          return this.#numbers[at];
        },
        set(this: WebTorrentCounters, value: number) {
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
export function sumWebTorrentCounters(sets: readonly WebTorrentCounters[]): Readonly<Named> {
  return Object.fromEntries(
    names.map((name) => [name, sets.reduce((sum, counters) => sum + counters[name], 0)]),
  ) as Named;
}
