// A walk over shards in slices that takes the peers out who are to go, and moves what lies in chunks that are to be emptied
// (compactor.ts). Whoever forgets peers without being asked walks so: the sweeper, and the end of a thread.
//
// A slice holds one shard's lock for about five hundred records: a quarter of a millisecond, half of one before the
// code is compiled. Between slices the table may change: a peer that moved into a slot that was passed is missed.

import type { Compactor } from './compactor.ts';
import type { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { entryField, shardRow } from './layout.ts';
import type { Leavers } from './leavers.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const workPerSlice = 512;
const largestBlockWork = 128;

export class LeaverWalk {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #compactor: Compactor;
  readonly #families: readonly FamilyPeers[];
  readonly #firstShard: number;
  #shard: number;
  #position = 0;
  /** The large swarm in the middle of which the last slice ended: its entry, which set (0 to 3), where in it. */
  #large = 0;
  #largeSet = 0;
  #largeAt = 0;

  /** @param firstShard where each round begins; it ends with the last shard of all */
  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    compactor: Compactor,
    firstShard: number,
  ) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#compactor = compactor;
    this.#families = [entries.peers4, entries.peers6];
    this.#firstShard = firstShard;
    this.#shard = firstShard;
  }

  /** Whether the next slice begins a round. */
  get isAtStart(): boolean {
    return this.#shard === this.#firstShard && this.#position === 0 && this.#large === 0;
  }

  /** Looks at about `records` records for `leavers`; true when that ended a round, as soon as it did. */
  walk(records: number, leavers: Leavers): boolean {
    for (let left = records; left > 0; ) {
      left -= this.#slice(Math.min(left, workPerSlice), leavers);
      if (this.#shard === this.#table.allShards) {
        this.#shard = this.#firstShard;
        return true;
      }
    }
    return false;
  }

  #slice(limit: number, leavers: Leavers): number {
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
          work += this.#takeFrom(shard, entry, limit - work, leavers);
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
  #takeFrom(shard: number, entry: number, limit: number, leavers: Leavers): number {
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
          work += largestBlockWork;
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
