// What a transport counts by names, beside its answers: numbers in memory that another thread may read at any time.
import type { Failure } from '../protocol/failure.ts';
import { answerStatsLength, countRefusal } from './answer-stats.ts';

/** One set; only one thread counts in it. */
export type NamedCounters<Name extends string> = Record<Name, number> & {
  /** What answer-stats.ts knows of announces and latency. */
  readonly stats: Float64Array;
  countFailure(failure: Failure): void;
};

export interface CounterSets<Name extends string> {
  /** Bytes of one set, in memory for several. */
  readonly bytes: number;
  /** Set number `index` in `memory`; without memory one of its own. */
  new (memory?: ArrayBufferLike, index?: number): NamedCounters<Name>;
  /** The sums over several sets, by name. */
  sum(sets: readonly NamedCounters<Name>[]): Readonly<Record<Name, number>>;
}

/** Sets of numbers with these names, which stand behind one another; whole cache lines. */
export function nameCounters<const Name extends string>(names: readonly Name[]): CounterSets<Name> {
  const bytes = (answerStatsLength + Math.ceil(names.length / 8) * 8) * Float64Array.BYTES_PER_ELEMENT;

  class Counters {
    static readonly bytes = bytes;
    readonly stats: Float64Array;
    readonly #numbers: Float64Array;

    constructor(memory: ArrayBufferLike = new ArrayBuffer(bytes), index = 0) {
      const at = index * bytes;
      this.stats = new Float64Array(memory, at, answerStatsLength);
      this.#numbers = new Float64Array(memory, at + this.stats.byteLength, names.length);
    }

    static {
      names.forEach((name, at) => {
        Object.defineProperty(Counters.prototype, name, {
          get(this: Counters) {
            return this.#numbers[at];
          },
          set(this: Counters, value: number) {
            this.#numbers[at] = value;
          },
        });
      });
    }

    static sum(sets: readonly NamedCounters<Name>[]): Record<Name, number> {
      const sums = names.map((name) => [name, sets.reduce((sum, set) => sum + set[name], 0)]);
      return Object.fromEntries(sums) as Record<Name, number>;
    }

    countFailure(failure: Failure): void {
      countRefusal(this.stats, failure.kind);
    }
  }

  return Counters as unknown as CounterSets<Name>;
}
