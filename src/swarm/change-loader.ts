// How changes that another process noted reach this store: peers that came or announced, and those that are gone.

import { FoundPeer } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { downloadedMask, entryField, familyRefAt, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { fragmentHead, goneFlag, peerWords4, peerWords6 } from './snapshot-format.ts';
import type { SnapshotLoader } from './snapshot-loader.ts';
import { SwarmDropper } from './swarm-dropper.ts';
import type { SwarmEntries } from './swarm-entries.ts';

export class ChangeLoader {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #loader: SnapshotLoader;
  readonly #dropper: SwarmDropper;
  readonly #found = new FoundPeer();

  /** @param loader told of each section before its fragments come here */
  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries, loader: SnapshotLoader) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#loader = loader;
    this.#dropper = new SwarmDropper(words, table, entries);
  }

  /** Reads the fragment at word `at`; returns where it ends, or −1 when it would not end before `end`. */
  load(fragment: Int32Array, at: number, end: number): number {
    if (at + fragmentHead.size > end) return -1;
    if ((fragment[at + fragmentHead.downloaded] & goneFlag) === 0) {
      this.#loader.expectKnown();
      return this.#loader.load(fragment, at, end);
    }
    const peers4 = countIn(fragment[at + fragmentHead.peers4]);
    const peers6 = countIn(fragment[at + fragmentHead.peers6]);
    const first4 = at + fragmentHead.size;
    const first6 = first4 + peers4 * peerWords4;
    const next = first6 + peers6 * peerWords6;
    if (next > end) return -1;
    if (peers4 + peers6 === 0) {
      while (!this.#dropper.drop(fragment, at));
      return next;
    }
    const hash = this.#table.hash(fragment, at);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#enter(shard, hash, fragment, at);
      if (entry === 0) return next;
      for (let peer = first4; peer < first6; peer += peerWords4)
        this.#remove(shard, entry, 4, fragment, peer);
      for (let peer = first6; peer < next; peer += peerWords6) this.#remove(shard, entry, 6, fragment, peer);
      this.#entries.releaseIfEmpty(shard, entry);
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    return next;
  }

  /** The swarm's entry, its counter brought up to date; 0 when nothing is to be known of it. */
  #enter(shard: number, hash: number, fragment: Int32Array, at: number): number {
    const words = this.#words;
    const downloaded = fragment[at + fragmentHead.downloaded] & downloadedMask;
    let entry = this.#table.find(shard, hash, fragment, at);
    if (entry === 0 && downloaded > 0) {
      // Everybody whom the counter counts has come and gone since the copy began.
      entry = this.#table.insert(shard, hash, fragment, at);
      if (entry !== 0) this.#entries.countSwarm(shard, entry);
    }
    if (entry === 0) return 0;
    const known = words[entry + entryField.downloaded];
    if (downloaded > (known & downloadedMask)) {
      words[entry + entryField.downloaded] = (known & ~downloadedMask) | downloaded;
    }
    return entry;
  }

  #remove(shard: number, entry: number, family: 4 | 6, fragment: Int32Array, at: number): void {
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const refAt = familyRefAt(entry, family);
    const port = fragment[at + peers.stride - 1] & 0xffff;
    const found = this.#found;
    if (!peers.find(refAt, fragment, at, port, false, found)) return;
    this.#entries.count(shard, family, found.isSeeder ? 0 : -1, found.isSeeder ? -1 : 0);
    peers.remove(refAt, found);
  }
}

function countIn(counts: number): number {
  return (counts & 0xffff) + (counts >>> 16);
}
