// What the cluster is told of this store: for each name in the journal, what has become of the peer by now.

import { infoHashWords } from '../protocol/info-hash.ts';
import { countedFlag, partialFlag, remoteFlag } from './block.ts';
import { ChangeFlag, changeName, familyMask, JournalReader, journalPage } from './change-journal.ts';
import { FoundPeer } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { familyRefAt, header, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import { ageOf } from './tick.ts';

/** One peer and what is known of it; filled anew by each `next`. */
export interface NewsOfPeer {
  readonly infoHash: Int32Array;
  readonly address: Int32Array;
  family: 4 | 6;
  /** In wire order, as a record holds it. */
  port: number;
  isThere: boolean;
  seeder: boolean;
  partial: boolean;
  counted: boolean;
  /** Another machine has told of it last. */
  remote: boolean;
  /** Ticks since it was last seen. */
  age: number;
  /** It has completed since the last news of it, or it said that it goes. */
  completed: boolean;
  stopped: boolean;
  /** Somebody goes by something older, and is to be told whatever is known. */
  asked: boolean;
  /** Nothing of it is another but when it was seen last. */
  stays: boolean;
}

/** Made for one thread; the journal is open from `open` until `close`. */
export class PeerNews implements NewsOfPeer {
  readonly infoHash = new Int32Array(infoHashWords);
  readonly address = new Int32Array(4);
  family: 4 | 6 = 4;
  port = 0;
  isThere = false;
  seeder = false;
  partial = false;
  counted = false;
  remote = false;
  age = 0;
  completed = false;
  stopped = false;
  asked = false;
  stays = false;
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #clock: StoreClock;
  readonly #found = new FoundPeer();
  #page = 0;
  #name = 0;

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries, clock: StoreClock) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#clock = clock;
  }

  /** @param refreshTicks how many may pass until a peer that only stays is news again */
  open(refreshTicks: number): void {
    this.#words[header.refreshTicks] = refreshTicks;
    this.#entries.journal.open(JournalReader.cluster);
  }

  /** Whether there were changes that could not be noted since `open`. */
  get isIncomplete(): boolean {
    return this.#entries.journal.isIncomplete(JournalReader.cluster);
  }

  /**
   * Reads the next name of a peer. That a swarm was forgotten here says nothing about it elsewhere, and a counter that no
   * peer of an address has changed is mended by comparing.
   * @param now whole seconds of the monotonic clock
   * @returns false when all is read that was noted so far
   */
  next(now: number): boolean {
    const words = this.#words;
    for (;;) {
      if (this.#page === 0) {
        this.#page = this.#entries.journal.takePage(JournalReader.cluster);
        if (this.#page === 0) return false;
        this.#name = this.#page + journalPage.size;
      }
      if (this.#name >= this.#page + words[this.#page + journalPage.end]) {
        this.#entries.journal.freePage(JournalReader.cluster, this.#page);
        this.#page = 0;
        continue;
      }
      const name = this.#name;
      this.#name += changeName.size;
      const family = words[name + changeName.family] & familyMask;
      if (family !== 4 && family !== 6) continue;
      this.#look(name, now);
      return true;
    }
  }

  /** Nothing is noted any more. */
  close(): void {
    if (this.#page !== 0) this.#entries.journal.freePage(JournalReader.cluster, this.#page);
    this.#page = 0;
    this.#entries.journal.close(JournalReader.cluster);
  }

  #look(name: number, now: number): void {
    const words = this.#words;
    for (let i = 0; i < infoHashWords; i++) this.infoHash[i] = words[name + i];
    for (let i = 0; i < 4; i++) this.address[i] = words[name + changeName.address + i];
    const familyAndFlags = words[name + changeName.family];
    this.family = (familyAndFlags & familyMask) === 4 ? 4 : 6;
    this.completed = (familyAndFlags & ChangeFlag.completed) !== 0;
    this.stopped = (familyAndFlags & ChangeFlag.stopped) !== 0;
    this.asked = (familyAndFlags & ChangeFlag.asked) !== 0;
    this.stays = (familyAndFlags & ChangeFlag.stays) !== 0;
    this.port = words[name + changeName.port];
    this.isThere = false;
    const hash = this.#table.hash(this.infoHash, 0);
    const shard = this.#table.shardOf(hash);
    lock(words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, this.infoHash, 0);
      if (entry !== 0) this.#lookIn(entry, now);
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  #lookIn(entry: number, now: number): void {
    const peers = this.family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const found = this.#found;
    this.isThere = peers.find(familyRefAt(entry, this.family), this.address, 0, this.port, false, found);
    if (!this.isThere) return;
    const state = peers.stateOf(found);
    this.seeder = found.isSeeder;
    this.partial = (state & partialFlag) !== 0;
    this.counted = (state & countedFlag) !== 0;
    this.remote = (state & remoteFlag) !== 0;
    this.age = ageOf(state, this.#clock.tick(now));
  }
}
