// How every swarm is copied out of the store, fragment by fragment, while all threads go on using it.
//
// A shard's info_hashes are listed under one short lock, then each swarm is found and copied in slices of about a
// thousand records a lock. A swarm that ends meanwhile is left out, one that begins meanwhile is not in; a peer that is
// there all the time is never missed, whatever splits, merges or changes its role between two slices.

import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { depthOf, leechersIn, peerIdAt, peersIn, recordAt, seedersIn } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { setOf } from './large-swarm.ts';
import { entryField, savedMask, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { largestBlockPeers } from './size-classes.ts';
import { fragmentHead, peerWords6 } from './snapshot-format.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const wordsPerSlice = 8192;
const findsPerSlice = 512;
/** Words of two blocks of the largest class. */
export const largestFragment = fragmentHead.size + 2 * largestBlockPeers * peerWords6;
/** One past the last endpoint hash. */
const endOfHashes = 2 ** 32;

export class SnapshotReader {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #families: readonly FamilyPeers[];
  #shard = 0;
  #listed = false;
  #infoHashes = new Int32Array(infoHashWords * 1024);
  #swarms = 0;
  #swarm = 0;
  /** The family whose large sets are being copied; −1 before the swarm's first fragment. */
  #family = -1;
  /** Endpoints with hashes below this one have been copied. */
  #hash = 0;
  readonly #wasLarge = [false, false];
  #out: Int32Array = this.#infoHashes;
  #at = 0;
  /** Fragments and peers of the last `read`. */
  fragments = 0;
  peers = 0;

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#families = [entries.peers4, entries.peers6];
  }

  /** Writes the next fragments into `out` from word `at` on, before `end`; returns where they end. */
  read(out: Int32Array, at: number, end: number): number {
    this.#out = out;
    this.#at = at;
    this.fragments = this.peers = 0;
    while (!this.done && this.#at <= end - largestFragment) this.#slice(end - largestFragment);
    return this.#at;
  }

  get done(): boolean {
    return this.#shard === this.#table.shardCount;
  }

  #slice(end: number): void {
    const shard = this.#table.shardAt(this.#shard);
    lock(this.#words, shard + shardRow.lock);
    try {
      if (!this.#listed) {
        this.#list(shard);
        return;
      }
      const sliceEnd = Math.min(end, this.#at + wordsPerSlice);
      for (let finds = 0; finds < findsPerSlice && this.#at <= sliceEnd; finds++) {
        if (this.#swarm === this.#swarms) break;
        this.#copySwarm(shard);
      }
      if (this.#swarm < this.#swarms) return;
      this.#shard++;
      this.#listed = false;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #list(shard: number): void {
    const words = this.#words;
    const needed = words[shard + shardRow.entries] * infoHashWords;
    if (this.#infoHashes.length < needed) this.#infoHashes = new Int32Array(needed * 2);
    let to = 0;
    for (let position = this.#table.slots(shard) - 1; position >= 0; position--) {
      const entry = this.#table.entryIn(shard, position);
      if (entry === 0) continue;
      for (let i = 0; i < infoHashWords; i++) this.#infoHashes[to++] = words[entry + i];
    }
    this.#swarms = to / infoHashWords;
    this.#swarm = 0;
    this.#listed = true;
  }

  /** Copies one fragment of the swarm whose turn it is. */
  #copySwarm(shard: number): void {
    const at = this.#swarm * infoHashWords;
    const entry = this.#table.find(shard, this.#table.hash(this.#infoHashes, at), this.#infoHashes, at);
    if (entry === 0) this.#family = 2;
    else if (this.#family < 0) this.#copyBlocks(entry);
    else this.#copyPartOfSets(entry);
    while (this.#family < 2 && !this.#wasLarge[this.#family]) this.#family++;
    if (this.#family < 2) return;
    this.#family = -1;
    this.#swarm++;
  }

  /** The swarm's first fragment: the families that fit into one block. */
  #copyBlocks(entry: number): void {
    const words = this.#words;
    const head = this.#begin(entry);
    for (let family = 0; family < 2; family++) {
      const block = words[entry + entryField.peers4 + family];
      this.#wasLarge[family] = block < 0;
      if (block > 0) this.#copyBlock(head, family, block);
    }
    this.#family = 0;
    this.#hash = 0;
  }

  /**
   * One block's share of the endpoint hashes, of leechers and seeders under the same lock: a peer that changes its role
   * is then in one of them, before or after.
   */
  #copyPartOfSets(entry: number): void {
    const family = this.#family;
    const peers = this.#families[family];
    const ref = this.#words[entry + entryField.peers4 + family];
    const head = this.#begin(entry);
    if (ref >= 0) {
      // It has shrunk since the last slice; nobody may come twice.
      if (ref > 0) this.#copyRestOfBlock(head, family, ref);
      this.#hash = endOfHashes;
    } else {
      const { sets } = peers;
      const leecherSet = setOf(ref, false);
      const seederSet = setOf(ref, true);
      const leechers = sets.blockAt(leecherSet, sets.pointerFor(leecherSet, this.#hash));
      const seeders = sets.blockAt(seederSet, sets.pointerFor(seederSet, this.#hash));
      const depth = Math.max(depthOf(this.#words, leechers), depthOf(this.#words, seeders));
      const leecherCount = this.#copyShare(peers, leechers, depth);
      this.#count(head, family, leecherCount, this.#copyShare(peers, seeders, depth));
      this.#hash = (prefixOf(this.#hash, depth) + 1) * 2 ** (32 - depth);
    }
    if (this.#hash < endOfHashes) return;
    this.#hash = 0;
    this.#family++;
  }

  #begin(entry: number): number {
    const head = this.#at;
    for (let i = 0; i < infoHashWords; i++) this.#out[head + i] = this.#words[entry + i];
    this.#out[head + fragmentHead.downloaded] = this.#words[entry + entryField.downloaded] & savedMask;
    this.#out[head + fragmentHead.peers4] = this.#out[head + fragmentHead.peers6] = 0;
    this.#at += fragmentHead.size;
    this.fragments++;
    return head;
  }

  #copyBlock(head: number, family: number, block: number): void {
    const count = peersIn(this.#words, block);
    for (let i = 0; i < count; i++) this.#copyPeer(this.#families[family].stride, block, i);
    this.#count(head, family, leechersIn(this.#words, block), seedersIn(this.#words, block));
  }

  /** Those of a whole swarm's peers whose hashes have not been reached. */
  #copyRestOfBlock(head: number, family: number, block: number): void {
    const peers = this.#families[family];
    const counts = [0, 0];
    for (let i = 0; i < peersIn(this.#words, block); i++) {
      const at = recordAt(block, peers.stride, i);
      const port = this.#words[at + peers.stride - 1] & 0xffff;
      if (peers.sets.hash(this.#words, at, port) >>> 0 < this.#hash) continue;
      this.#copyPeer(peers.stride, block, i);
      counts[i < leechersIn(this.#words, block) ? 0 : 1]++;
    }
    this.#count(head, family, counts[0], counts[1]);
  }

  /** Those of a block's peers whose hashes begin with the same `depth` bits as the current one; returns how many. */
  #copyShare(peers: FamilyPeers, block: number, depth: number): number {
    const words = this.#words;
    const all = depthOf(words, block) === depth;
    const prefix = prefixOf(this.#hash, depth);
    let copied = 0;
    for (let i = peersIn(words, block) - 1; i >= 0; i--) {
      const at = recordAt(block, peers.stride, i);
      const port = words[at + peers.stride - 1] & 0xffff;
      if (!all && prefixOf(peers.sets.hash(words, at, port), depth) !== prefix) continue;
      this.#copyPeer(peers.stride, block, i);
      copied++;
    }
    return copied;
  }

  #copyPeer(stride: number, block: number, index: number): void {
    const words = this.#words;
    const record = recordAt(block, stride, index);
    for (let i = 0; i < stride; i++) this.#out[this.#at++] = words[record + i];
    const id = peerIdAt(words, block, stride, index);
    for (let i = 0; i < peerIdWords; i++) this.#out[this.#at++] = words[id + i];
  }

  #count(head: number, family: number, leechers: number, seeders: number): void {
    this.#out[head + fragmentHead.peers4 + family] = leechers | (seeders << 16);
    this.peers += leechers + seeders;
  }
}

function prefixOf(hash: number, depth: number): number {
  return depth === 0 ? 0 : hash >>> (32 - depth);
}
