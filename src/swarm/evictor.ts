// Room when memory is short: which swarms go, and how a flood of them pays for its own space.
//
// A swarm is on probation until peers of two networks (/24, /48) have been in it; only such swarms, and idle ones, are
// ever evicted. Evicting single swarms here and there would leave every chunk half full and no chunk for another size
// class, so a pass over the store clears whole chunks: those filled longest ago that hold the blocks of about the oldest
// eighth of the swarms on probation. Each announce that adds a peer while memory is short does one slice of the pass.
// Callers hold no lock: a slice takes one shard's, and the pass's own before it.

import type { InfoHashTable } from './info-hash-table.ts';
import { chunkRow, chunkShift, chunkTable, entryField, header, idleFlag, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const slotsPerSlice = 64;
/** Swarms on probation that are looked at to see how old they are, and of how many slots at most. */
const sampleSize = 64;
const sampledWindows = 16;
/** Of the sample, in order of age, the one up to which a pass clears. */
const clearedOfSample = sampleSize >> 3;
const restSeconds = 1;
/** Slices for an announce that has found no memory, in all. */
const slicesWhenFull = 64;
const enoughWhenFull = 32;

export class Evictor {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #sample = new Int32Array(sampleSize);

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
  }

  /** Whether memory is short, or a pass is under way: one left half done would leave chunks half full. */
  get isPressed(): boolean {
    const words = this.#words;
    return (
      words[header.chunksInUse]! > words[header.pressedAbove]! ||
      words[header.evictShard] !== this.#table.shardCount
    );
  }

  /** Does one slice; `now` is whole seconds. Returns how many swarms went, −1 while none can be expected to. */
  relieve(now: number): number {
    const words = this.#words;
    if (words[header.evictRestUntil]! > now) return -1;
    lock(words, header.evictLock);
    const begun = words[header.evictShard] !== this.#table.shardCount || this.#beginPass(now);
    const shard = this.#table.shardAt(words[header.evictShard]!);
    const start = words[header.evictPosition]!;
    const upTo = words[header.evictUpTo]!;
    if (begun) this.#advance(start + slotsPerSlice, shard);
    unlock(words, header.evictLock);
    if (!begun) return -1;

    lock(words, shard + shardRow.lock);
    try {
      const evicted = this.#clear(shard, start, upTo);
      if (evicted > 0) Atomics.add(words, header.evictedInPass, evicted);
      return evicted;
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  /** For an announce that found memory full: true when enough has gone that it should try again. */
  makeRoom(now: number): boolean {
    let gone = 0;
    for (let slice = 0; slice < slicesWhenFull && gone < enoughWhenFull; slice++) {
      const evicted = this.relieve(now);
      if (evicted < 0) break;
      gone += evicted;
    }
    return gone > 0;
  }

  #advance(position: number, shard: number): void {
    const words = this.#words;
    // Read without the shard's lock: a table that is just being replaced is left a little early or late.
    if (position < this.#table.slots(shard)) {
      words[header.evictPosition] = position;
      return;
    }
    words[header.evictPosition] = 0;
    words[header.evictShard]!++;
  }

  /** False, and a rest, when the last pass found nothing that may go. */
  #beginPass(now: number): boolean {
    const words = this.#words;
    if (Atomics.exchange(words, header.evictedInPass, 0) === 0) {
      words[header.evictRestUntil] = now + restSeconds;
      Atomics.store(words, header.evictedInPass, 1);
      return false;
    }
    words[header.evictUpTo] = this.#chooseAge();
    words[header.evictShard] = 0;
    words[header.evictPosition] = 0;
    return true;
  }

  /** The age of chunk at about the oldest eighth of the swarms on probation, guessed from a few slots here and there. */
  #chooseAge(): number {
    const words = this.#words;
    let found = 0;
    // The pass before ended at another count of chunks filled, so this begins elsewhere each time.
    const first = words[header.chunksFilled]!;
    for (let window = 0; window < sampledWindows && found < sampleSize; window++) {
      const shard = this.#table.shardAt((first + window * 7) & (this.#table.shardCount - 1));
      lock(words, shard + shardRow.lock);
      const end = Math.min(slotsPerSlice, this.#table.slots(shard));
      for (let position = 0; position < end && found < sampleSize; position++) {
        const entry = this.#table.entryIn(shard, position);
        if (entry !== 0 && this.#isOnProbation(entry)) this.#sample[found++] = this.#ageOf(entry);
      }
      unlock(words, shard + shardRow.lock);
    }
    if (found === 0) return words[header.chunksFilled]!;
    const ages = this.#sample.subarray(0, found).sort();
    return ages[Math.min(clearedOfSample, found >> 3)]!;
  }

  #clear(shard: number, start: number, upTo: number): number {
    const words = this.#words;
    let evicted = 0;
    let end = Math.min(start + slotsPerSlice, this.#table.slots(shard));
    for (let position = start; position < end; ) {
      const entry = this.#table.entryIn(shard, position);
      const isIdle = entry !== 0 && (words[entry + entryField.downloaded]! & idleFlag) !== 0;
      if (entry === 0 || !(isIdle || (this.#isOnProbation(entry) && this.#ageOf(entry) <= upTo))) {
        position++;
        continue;
      }
      const slots = this.#table.slots(shard);
      this.#entries.evict(shard, entry);
      evicted++;
      // An entry that goes may let another one move into its slot, which is looked at again; a table that shrinks
      // puts all of them elsewhere.
      if (this.#table.slots(shard) !== slots) end = position;
    }
    return evicted;
  }

  #isOnProbation(entry: number): boolean {
    return this.#words[entry + entryField.downloaded]! >= 0 && this.#entries.hasPeers(entry);
  }

  /** When the chunk of the swarm's peers was filled. */
  #ageOf(entry: number): number {
    const words = this.#words;
    const reference = words[entry + entryField.peers4]! || words[entry + entryField.peers6]!;
    const chunk = Math.abs(reference) >>> chunkShift;
    return words[chunkTable + chunk * chunkRow.size + chunkRow.filled]!;
  }
}
