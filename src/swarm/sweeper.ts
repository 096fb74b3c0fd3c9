// Background upkeep: rounds over every shard that forget peers which have not announced for the peer TTL. A peer that is
// missed because it moved is met on the next round.

import { boundChunkAges } from './chunk-age.ts';
import type { Compactor } from './compactor.ts';
import { header } from './layout.ts';
import type { LeaverWalk } from './leaver-walk.ts';
import { Leavers } from './leavers.ts';
import type { StoreClock } from './store-clock.ts';

export class Sweeper {
  readonly #words: Int32Array;
  readonly #walk: LeaverWalk;
  readonly #clock: StoreClock;
  readonly #compactor: Compactor;
  readonly #leavers = new Leavers();
  /** When this round began, in the store's own time. */
  #begunAt = 0;

  /** @param walk of all shards */
  constructor(words: Int32Array, walk: LeaverWalk, clock: StoreClock, compactor: Compactor) {
    this.#words = words;
    this.#walk = walk;
    this.#clock = clock;
    this.#compactor = compactor;
  }

  /** Looks at about `records` records at `now`; true when that ended a round over the whole store. */
  sweep(now: number, records: number): boolean {
    if (this.#walk.isAtStart) {
      this.#begunAt = this.#clock.time(now);
      this.#compactor.choose();
    }
    this.#leavers.silent(this.#clock.tick(now), this.#words[header.ttlTicks]);
    if (!this.#walk.walk(records, this.#leavers)) return false;
    this.#clock.noteSwept(this.#begunAt);
    boundChunkAges(this.#words);
    return true;
  }
}
