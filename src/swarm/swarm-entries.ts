// One swarm as a whole: its two families, its `downloaded` counter, and whether it still needs an entry.
//
// A swarm without peers keeps its entry for `downloaded`, within an eighth of the memory: users expect the counter to
// outlive a quiet night, and without a bound completing random info_hashes would fill the memory for ever.

import { scopeOf } from '../protocol/address-scope.ts';
import { ChangeJournal } from './change-journal.ts';
import { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import {
  downloadedMask,
  entryField,
  establishedFlag,
  familyRefAt,
  header,
  idleFlag,
  mixedScopes,
  scopeMask,
  scopeShift,
  shardRow,
} from './layout.ts';
import { inOneNetwork } from './network.ts';
import type { SlabAllocator } from './slab-allocator.ts';
import { wideCounter } from './wide-counter.ts';

export class SwarmEntries {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #evictedSwarms: Float64Array;
  readonly #evictedPeers: Float64Array;
  readonly #evictedIdleSwarms: Float64Array;
  readonly peers4: FamilyPeers;
  readonly peers6: FamilyPeers;
  readonly journal: ChangeJournal;

  constructor(words: Int32Array, allocator: SlabAllocator, table: InfoHashTable) {
    this.#words = words;
    this.#table = table;
    this.#evictedSwarms = wideCounter(words, header.evictedSwarms);
    this.#evictedPeers = wideCounter(words, header.evictedPeers);
    this.#evictedIdleSwarms = wideCounter(words, header.evictedIdleSwarms);
    const key0 = words[header.peerKey];
    const key1 = words[header.peerKey + 1];
    this.peers4 = new FamilyPeers(words, allocator, 4, key0, key1);
    this.peers6 = new FamilyPeers(words, allocator, 6, key0, key1);
    this.journal = new ChangeJournal(words, allocator);
  }

  complete(entry: number): number {
    return this.peers4.seeders(entry + entryField.peers4) + this.peers6.seeders(entry + entryField.peers6);
  }

  incomplete(entry: number): number {
    return this.peers4.leechers(entry + entryField.peers4) + this.peers6.leechers(entry + entryField.peers6);
  }

  /** Partial seeds (BEP 21): incomplete, but downloading no more. */
  partial(entry: number): number {
    return this.peers4.partial(entry + entryField.peers4) + this.peers6.partial(entry + entryField.peers6);
  }

  downloaded(entry: number): number {
    return this.#words[entry + entryField.downloaded] & downloadedMask;
  }

  /** Counts one more download; stays at the largest number there is. */
  countDownload(entry: number): void {
    if (this.downloaded(entry) !== downloadedMask) this.#words[entry + entryField.downloaded]++;
  }

  hasPeers(entry: number): boolean {
    return this.#words[entry + entryField.peers4] !== 0 || this.#words[entry + entryField.peers6] !== 0;
  }

  /** The scope that all peers are in; `mixedScopes` when they are in several, or in one where nobody can be. */
  scope(entry: number): number {
    return (this.#words[entry + entryField.downloaded] & scopeMask) >>> scopeShift;
  }

  /** Called before a peer is added: notes its scope, and whether it comes from another network than those before. */
  noteArrival(entry: number, family: 4 | 6, address: Int32Array, addressAt: number): void {
    this.#noteNetwork(entry, family, address, addressAt);
    this.noteScope(entry, scopeOf(family, address, addressAt));
  }

  /** Called before peers of this scope, or of several, are added. */
  noteScope(entry: number, scope: number): void {
    const before = this.scope(entry);
    if (scope === before) return;
    const now = this.hasPeers(entry) ? mixedScopes : scope;
    this.#words[entry + entryField.downloaded] ^= (before ^ now) << scopeShift;
  }

  /** The first peer from a second network of its family ends the swarm's probation. */
  #noteNetwork(entry: number, family: 4 | 6, address: Int32Array, addressAt: number): void {
    const words = this.#words;
    if (words[entry + entryField.downloaded] < 0) return;
    const other =
      family === 4
        ? this.peers4.anyRecord(entry + entryField.peers4)
        : this.peers6.anyRecord(entry + entryField.peers6);
    // Of a swarm on probation all peers of a family are in one network, so any of them will do.
    if (other === 0 || inOneNetwork(family, words, other, address, addressAt)) return;
    words[entry + entryField.downloaded] |= establishedFlag;
  }

  /** Adds to the shard's totals of peers. */
  count(shard: number, family: 4 | 6, leechers: number, seeders: number): void {
    this.#words[shard + (family === 4 ? shardRow.leechers4 : shardRow.leechers6)] += leechers;
    this.#words[shard + (family === 4 ? shardRow.seeders4 : shardRow.seeders6)] += seeders;
  }

  /** Called when a swarm without peers has got one. */
  countSwarm(shard: number, entry: number): void {
    const words = this.#words;
    words[shard + shardRow.swarms]++;
    if ((words[entry + entryField.downloaded] & idleFlag) === 0) return;
    words[entry + entryField.downloaded] &= ~idleFlag;
    Atomics.sub(words, header.idleSwarms, 1);
  }

  /**
   * Called after peers may have left: a swarm without any goes, unless it has a `downloaded` counter to remember and
   * there is room among those kept for that. True when the entry is gone.
   */
  releaseIfEmpty(shard: number, entry: number): boolean {
    const words = this.#words;
    const downloaded = words[entry + entryField.downloaded];
    if (this.hasPeers(entry) || (downloaded & idleFlag) !== 0) return false;
    words[shard + shardRow.swarms]--;
    const room = Atomics.load(words, header.idleSwarms) < words[header.maxIdleSwarms];
    if ((downloaded & downloadedMask) !== 0 && room) {
      words[entry + entryField.downloaded] |= idleFlag;
      Atomics.add(words, header.idleSwarms, 1);
      return false;
    }
    this.#table.remove(shard, entry);
    return true;
  }

  /**
   * Forgets a swarm with its peers and its counter, at once: for small swarms, and those without peers. Callers hold
   * `evictLock` too, which guards the counters.
   */
  evict(shard: number, entry: number): void {
    const words = this.#words;
    // What has the same name and is not of connections stays.
    if (this.journal.isOpen && !this.#table.isConnectionShard(shard)) this.journal.noteSwarm(words, entry);
    if (this.#isIdle(entry)) {
      this.#evictedIdleSwarms[0]++;
    } else {
      const peers = this.complete(entry) + this.incomplete(entry);
      this.#evictedSwarms[0]++;
      this.#evictedPeers[0] += peers;
      this.#clear(shard, entry, 4);
      this.#clear(shard, entry, 6);
    }
    this.forget(shard, entry);
  }

  /** Takes away the entry of a swarm that has no peers left, whatever its counter says. */
  forget(shard: number, entry: number): void {
    if (this.#isIdle(entry)) Atomics.sub(this.#words, header.idleSwarms, 1);
    else this.#words[shard + shardRow.swarms]--;
    this.#table.remove(shard, entry);
  }

  #isIdle(entry: number): boolean {
    return (this.#words[entry + entryField.downloaded] & idleFlag) !== 0;
  }

  #clear(shard: number, entry: number, family: 4 | 6): void {
    const peers = family === 4 ? this.peers4 : this.peers6;
    const refAt = familyRefAt(entry, family);
    this.count(shard, family, -peers.leechers(refAt), -peers.seeders(refAt));
    peers.shape.clear(refAt);
  }
}
