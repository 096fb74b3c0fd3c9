// Background upkeep: walks every shard in slices, forgets peers that have not announced for the peer TTL, and moves what
// lies in chunks that are to be emptied (compactor.ts).
//
// A slice holds one shard's lock for about five hundred records: a quarter of a millisecond, half of one before the
// code is compiled. Between slices the table may
// change; a peer that is missed because it moved is met on the next round.

import { boundChunkAges } from './chunk-age.ts';
import type { Compactor } from './compactor.ts';
import type { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { entryField, header, shardRow } from './layout.ts';
import { Leavers } from './leavers.ts';
import { lock, unlock } from './lock.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const workPerSlice = 512;

export class Sweeper {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #clock: StoreClock;
  readonly #compactor: Compactor;
  readonly #families: readonly FamilyPeers[];
  readonly #leavers = new Leavers();
  /** When this round began, in the store's own time. */
  #begunAt = 0;
  #shard = 0;
  #position = 0;
  /** The large swarm in the middle of which the last slice ended: its entry, which set (0 to 3), where in it. */
  #large = 0;
  #largeSet = 0;
  #largeAt = 0;

  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    clock: StoreClock,
    compactor: Compactor,
  ) {
    this.#compactor = compactor;
    this.#clock = clock;
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#families = [entries.peers4, entries.peers6];
  }

  /** Looks at about `records` records at `now`; true when that ended a round over the whole store. */
  sweep(now: number, records: number): boolean {
    if (this.#shard === 0 && this.#position === 0 && this.#large === 0) {
      this.#begunAt = this.#clock.time(now);
      this.#compactor.choose();
    }
    this.#leavers.silent(this.#clock.tick(now), this.#words[header.ttlTicks]);
    for (let left = records; left > 0; ) {
      left -= this.#slice(Math.min(left, workPerSlice));
      if (this.#shard === this.#table.allShards) {
        this.#shard = 0;
        this.#clock.noteSwept(this.#begunAt);
        boundChunkAges(this.#words);
        return true;
      }
    }
    return false;
  }

  #slice(limit: number): number {
    const shard = this.#table.shardAt(this.#shard);
    // Without the lock: what is put there just now is met in the next round.
    if (this.#table.slots(shard) === 0) {
      this.#shard++;
      return 1;
    }
    // A shard costs something even when nearly nothing is in it.
    let work = 16;
    lock(this.#words, shard + shardRow.lock);
    try {
      if (this.#position === 0) this.#compactor.tidyTable(shard);
      while (work < limit && this.#position < this.#table.slots(shard)) {
        work++;
        const met = this.#table.entryIn(shard, this.#position);
        if (met !== 0) {
          const entry = this.#compactor.tidyEntry(shard, this.#position);
          if (this.#large === met) this.#large = entry;
          work += this.#sweepEntry(shard, entry, limit - work);
          if (this.#large !== 0) break;
          // An entry that goes lets another one move into its slot: look at the same slot again.
          if (this.#entries.releaseIfEmpty(shard, entry)) continue;
        }
        this.#position++;
      }
      if (this.#position >= this.#table.slots(shard)) {
        this.#shard++;
        this.#position = 0;
        this.#large = 0;
      }
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    return work;
  }

  /** Returns the work done; leaves `#large` set when the entry needs another slice. */
  #sweepEntry(shard: number, entry: number, limit: number): number {
    const leavers = this.#leavers;
    if (this.#large !== entry) {
      this.#largeSet = 0;
      this.#largeAt = 0;
    }
    this.#large = 0;
    let work = 0;
    for (; this.#largeSet < 4; this.#largeSet++, this.#largeAt = 0) {
      const seeders = (this.#largeSet & 1) === 1;
      const family = this.#largeSet >>> 1;
      const peers = this.#families[family];
      const refAt = entry + entryField.peers4 + family;
      if (!seeders && this.#largeAt === 0 && this.#words[refAt] < 0) peers.shape.tidyLarge(refAt);
      const leechersBefore = peers.leechers(refAt);
      const seedersBefore = peers.seeders(refAt);
      let more = false;
      if (this.#words[refAt] > 0) {
        // A block holds both roles and is looked at once, with the leechers.
        if (!seeders) {
          work += leechersBefore + seedersBefore;
          peers.expireBlock(refAt, leavers);
          if (this.#words[refAt] > 0) peers.shape.tidyBlock(refAt);
        }
      } else if (this.#words[refAt] < 0) {
        while (this.#largeAt >= 0 && work < limit) {
          work += 128;
          this.#largeAt = peers.expireInSet(refAt, seeders, this.#largeAt, leavers);
        }
        more = this.#largeAt >= 0;
        // So many have gone that the rest is one block now.
        if (this.#words[refAt] > 0) peers.expireBlock(refAt, leavers);
      }
      this.#entries.count(
        shard,
        family === 0 ? 4 : 6,
        peers.leechers(refAt) - leechersBefore,
        peers.seeders(refAt) - seedersBefore,
      );
      if (more) {
        this.#large = entry;
        return work;
      }
    }
    this.#largeSet = 0;
    return work;
  }
}
