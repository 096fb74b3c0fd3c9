// Forgetting one swarm at an operator's wish, of both kinds: its peers, a thousand at a time, and then its entry.

import type { InfoHashTable } from './info-hash-table.ts';
import { familyRefAt, shardRow } from './layout.ts';
import { Leavers } from './leavers.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const blocksPerSlice = 8;
/** Older than no peer can be: with this TTL every one of them has expired. */
const everyAge = -1;

export class SwarmDropper {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #everybody = new Leavers().silent(0, everyAge);

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
  }

  /** Takes out about a thousand peers; true when none is left, and then the swarm is unknown. */
  drop(infoHash: Int32Array, at: number): boolean {
    const hash = this.#table.hash(infoHash, at);
    return (
      this.#dropFrom(this.#table.shardOf(hash), hash, infoHash, at) &&
      this.#dropFrom(this.#table.connectionShardOf(hash), hash, infoHash, at)
    );
  }

  #dropFrom(shard: number, hash: number, infoHash: Int32Array, at: number): boolean {
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, at);
      if (entry === 0) return true;
      if (this.#entries.journal.isOpen) this.#entries.journal.noteSwarm(infoHash, at);
      this.#dropPeers(shard, entry, 4);
      this.#dropPeers(shard, entry, 6);
      if (this.#entries.hasPeers(entry)) return false;
      this.#entries.forget(shard, entry);
      return true;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #dropPeers(shard: number, entry: number, family: 4 | 6): void {
    const words = this.#words;
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const refAt = familyRefAt(entry, family);
    const leechers = peers.leechers(refAt);
    const seeders = peers.seeders(refAt);
    if (words[refAt] < 0) {
      for (const seedersSet of [false, true]) {
        for (let block = 0, next = 0; block < blocksPerSlice && next >= 0 && words[refAt] < 0; block++) {
          next = peers.expireInSet(refAt, seedersSet, next, this.#everybody);
        }
      }
    }
    if (words[refAt] > 0) peers.expireBlock(refAt, this.#everybody);
    this.#entries.count(shard, family, peers.leechers(refAt) - leechers, peers.seeders(refAt) - seeders);
  }
}
