// Forgetting the peers whose connections have ended with their thread: nobody else knows of them, and they would be handed out for a TTL.
//
// As the sweeper does, a slice holds one shard's lock for about five hundred records. Between slices the table may change: who
// moved into a slot that was passed is met in a second round.

import type { InfoHashTable } from './info-hash-table.ts';
import { entryField, shardRow } from './layout.ts';
import { Leavers } from './leavers.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const workPerSlice = 512;
const largestBlockWork = 128;
const rounds = 2;

export class ThreadPeers {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #leavers = new Leavers();
  /** Where the next slice goes on: a shard of connections, a slot of its table, and within a large swarm's sets. */
  #round = 0;
  #shard: number;
  #position = 0;
  #large = 0;
  #seeders = false;
  #largeAt = 0;

  /** See Leavers.heldBy. */
  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    thread: number,
    generation: number,
  ) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#leavers.heldBy(thread, generation);
    this.#shard = table.shardCount;
  }

  /** Looks at a few thousand records at most; true when all have been looked at. */
  forget(): boolean {
    for (let left = 4 * workPerSlice; left > 0 && this.#round < rounds; ) {
      left -= this.#slice(Math.min(left, workPerSlice));
      if (this.#shard < this.#table.allShards) continue;
      this.#shard = this.#table.shardCount;
      this.#round++;
    }
    return this.#round === rounds;
  }

  #slice(limit: number): number {
    const shard = this.#table.shardAt(this.#shard);
    if (this.#table.slots(shard) === 0) {
      this.#shard++;
      return 1;
    }
    let work = 16;
    lock(this.#words, shard + shardRow.lock);
    try {
      while (work < limit && this.#position < this.#table.slots(shard)) {
        work++;
        const entry = this.#table.entryIn(shard, this.#position);
        if (entry !== 0) {
          work += this.#forgetIn(shard, entry, limit - work);
          if (this.#large !== 0) break;
          // An entry that goes lets another one move into its slot.
          if (this.#entries.releaseIfEmpty(shard, entry)) continue;
        }
        this.#position++;
      }
      if (this.#position >= this.#table.slots(shard)) {
        this.#shard++;
        this.#position = this.#large = 0;
      }
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    return work;
  }

  /** Returns the work done; leaves `#large` set when the entry needs another slice. */
  #forgetIn(shard: number, entry: number, limit: number): number {
    const words = this.#words;
    const peers = this.#entries.peers6;
    const refAt = entry + entryField.peers6;
    const leechers = peers.leechers(refAt);
    const seeders = peers.seeders(refAt);
    const work = words[refAt] < 0 ? this.#forgetInLarge(entry, limit) : 0;
    if (words[refAt] > 0) peers.expireBlock(refAt, this.#leavers);
    this.#entries.count(shard, 6, peers.leechers(refAt) - leechers, peers.seeders(refAt) - seeders);
    return work + (this.#large === 0 ? leechers + seeders : 0);
  }

  #forgetInLarge(entry: number, limit: number): number {
    const peers = this.#entries.peers6;
    const refAt = entry + entryField.peers6;
    if (this.#large !== entry) {
      this.#seeders = false;
      this.#largeAt = 0;
    }
    this.#large = 0;
    for (let work = 0; this.#words[refAt] < 0; work += largestBlockWork) {
      if (work >= limit) {
        this.#large = entry;
        return work;
      }
      this.#largeAt = peers.expireInSet(refAt, this.#seeders, this.#largeAt, this.#leavers);
      if (this.#largeAt >= 0) continue;
      if (this.#seeders) return work;
      this.#seeders = true;
      this.#largeAt = 0;
    }
    return largestBlockWork;
  }
}
