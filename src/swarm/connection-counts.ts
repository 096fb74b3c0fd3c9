// How many peers that are connections each torrent has, here and at other machines, and the downloads that they end.
//
// Other machines of a cluster have peers of the same torrents, who cannot be reached from here. How many is written where a
// swarm of the other kind has its downloads, so that an entry without peers is kept for it as it is kept for those: within
// the same bound, and evicted when memory is short. Whoever tells of them tells it again.

import type { ConnectionVisit } from './connection-visit.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import {
  downloadedMask,
  entryField,
  farBits,
  header,
  idleFlag,
  mixedScopes,
  mostFar,
  shardRow,
} from './layout.ts';
import { lock, unlock } from './lock.ts';
import { readShard } from './shard-swarms.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import type { SwarmCounts } from './swarm-visit.ts';

const noSwarms = new Int32Array(0);

export class ConnectionCounts {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
  }

  get shardCount(): number {
    return this.#table.shardCount;
  }

  /** The swarms of one shard with the peers that are connected here, as `readShard` of shard-swarms.ts. */
  readShard(index: number): Int32Array {
    const shard = this.#table.shardAt(this.#table.shardCount + index);
    // As a rule.
    if (this.#words[shard + shardRow.swarms] === 0) return noSwarms;
    return readShard(this.#words, this.#table, this.#entries, shard);
  }

  /**
   * Says how many peers of a torrent other machines have; zeros forget it.
   * @returns false where there is no room to write it down
   */
  noteFar(infoHash: Int32Array, at: number, seeders: number, leechers: number): boolean {
    const words = this.#words;
    const far = Math.min(seeders, mostFar) | (Math.min(leechers, mostFar) << farBits);
    const hash = this.#table.hash(infoHash, at);
    const shard = this.#table.connectionShardOf(hash);
    lock(words, shard + shardRow.lock);
    try {
      let entry = this.#table.find(shard, hash, infoHash, at);
      if (entry === 0 && far === 0) return true;
      if (entry === 0) {
        entry = this.#insertIdle(shard, hash, infoHash, at);
        if (entry === 0) return false;
        this.#entries.noteScope(entry, mixedScopes);
      }
      words[entry + entryField.downloaded] = (words[entry + entryField.downloaded] & ~downloadedMask) | far;
      if (far === 0 && !this.#entries.hasPeers(entry)) this.#entries.forget(shard, entry);
      return true;
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  /** Adds the counts of a swarm to `counts`, with those of other machines, of whose leechers all count as downloaders. */
  add(infoHash: Int32Array, at: number, counts: SwarmCounts): void {
    const hash = this.#table.hash(infoHash, at);
    const shard = this.#table.connectionShardOf(hash);
    // As a rule, and then it costs nothing more.
    if (this.#words[shard + shardRow.entries] === 0) return;
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, at);
      if (entry === 0) return;
      const incomplete = this.#entries.incomplete(entry);
      counts.complete += this.#entries.complete(entry) + this.#farSeeders(entry);
      counts.incomplete += incomplete + this.#farLeechers(entry);
      counts.downloaders += incomplete + this.#farLeechers(entry) - this.#entries.partial(entry);
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  /** Of a swarm whose shard's lock the caller holds. */
  answer(entry: number, visit: ConnectionVisit): void {
    visit.complete = this.#entries.complete(entry) + this.#farSeeders(entry);
    visit.incomplete = this.#entries.incomplete(entry) + this.#farLeechers(entry);
  }

  #farSeeders(entry: number): number {
    return this.#words[entry + entryField.downloaded] & mostFar;
  }

  #farLeechers(entry: number): number {
    return (this.#words[entry + entryField.downloaded] >>> farBits) & mostFar;
  }

  /** Counts where the torrent's downloads are counted and saved, whichever way they came. */
  countDownload(infoHash: Int32Array, at: number): void {
    const words = this.#words;
    const hash = this.#table.hash(infoHash, at);
    const shard = this.#table.shardOf(hash);
    lock(words, shard + shardRow.lock);
    try {
      const known = this.#table.find(shard, hash, infoHash, at);
      const entry = known === 0 ? this.#insertIdle(shard, hash, infoHash, at) : known;
      if (entry === 0) return;
      if (this.#entries.journal.isOpen) this.#entries.journal.noteDownload(infoHash, at);
      this.#entries.countDownload(entry);
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  /** A swarm without peers that is kept for what is counted of it; 0 when there are as many as there may be. */
  #insertIdle(shard: number, hash: number, infoHash: Int32Array, at: number): number {
    const words = this.#words;
    if (Atomics.load(words, header.idleSwarms) >= words[header.maxIdleSwarms]) return 0;
    const entry = this.#table.insert(shard, hash, infoHash, at);
    if (entry === 0) return 0;
    words[entry + entryField.downloaded] = idleFlag;
    Atomics.add(words, header.idleSwarms, 1);
    return entry;
  }
}
