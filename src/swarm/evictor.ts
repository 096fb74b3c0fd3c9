// Room when memory is short: which swarms go, and how a flood of them pays for its own space.
//
// A swarm is on probation until peers of two networks (/24, /48) have been in it; only such swarms, and idle ones, are
// ever evicted. Evicting single swarms here and there would leave every chunk half full and no chunk for another size
// class, so a pass over the store clears whole chunks: those filled longest ago that hold the blocks of about the oldest
// eighth of the swarms on probation. What stays behind in chunks nearly empty, because it may not go, is moved together
// as the next pass meets it (compactor.ts). Each announce that adds a peer while memory is short does one slice of the
// pass.
// Callers hold no lock: a slice takes the pass's own, and then one shard's. Only one thread at a time does a slice, and
// the others go on with their announces: to wait is to sleep, a hundred times as long as a slice.
//
// Chosen over a FIFO ring, which could be flushed by starting and stopping, and over sampling by last-seen times, which
// fragments.
//
// When all waited, two workers slept on each other under a flood: 6 µs of processor time more an announce, now about 2.
// When half of the memory kept free is gone (a thread was stopped in its slice), all wait and do two. Evicting by a
// timer would need a rate that no flood exceeds.

import { chunkAge, stampOfAge } from './chunk-age.ts';
import type { Compactor } from './compactor.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { chunkRow, chunkShift, chunkTable, entryField, header, idleFlag, shardRow } from './layout.ts';
import { lock, tryLock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const slotsPerSlice = 32;
/** Swarms on probation that are looked at to see how old they are, and of how many slots at most. */
const sampleSize = 64;
const sampledWindows = 32;
/** Of the sample, in order of age, the one up to which a pass clears. */
const clearedOfSample = sampleSize >> 3;
const restSeconds = 1;
/** Slices for an announce that has found no memory, in all. */
const slicesWhenFull = 128;
const enoughWhenFull = 32;
/** Blocks of a large swarm that a slice looks at. */
const blocksPerSlice = 16;

export class Evictor {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #compactor: Compactor;
  readonly #sample = new Int32Array(sampleSize);
  /** When half of what is kept free is gone, because a thread was stopped in the midst of its slice. */
  readonly #urgentAbove: number;
  readonly #ahead = new Int32Array(slotsPerSlice);

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries, compactor: Compactor) {
    this.#compactor = compactor;
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#urgentAbove = Math.floor((words[header.pressedAbove] * 31) / 30);
  }

  /** Whether memory is short, or a pass is under way: one left half done would leave chunks half full. */
  get isPressed(): boolean {
    const words = this.#words;
    return (
      words[header.chunksInUse] > words[header.pressedAbove] ||
      words[header.evictShard] !== this.#table.allShards
    );
  }

  /** Does one slice, unless another thread does, or two when memory is all but full; `now` is whole seconds. */
  relieve(now: number): void {
    const words = this.#words;
    if (words[header.evictRestUntil] > now) return;
    const urgent = words[header.chunksInUse] > this.#urgentAbove;
    if (urgent) lock(words, header.evictLock);
    else if (!tryLock(words, header.evictLock)) return;
    try {
      if (this.#slice(now) >= 0 && urgent) this.#slice(now);
    } finally {
      unlock(words, header.evictLock);
    }
  }

  /** For an announce that found memory full: true when enough has gone that it should try again. */
  makeRoom(now: number): boolean {
    const words = this.#words;
    let gone = 0;
    for (let slice = 0; slice < slicesWhenFull && gone < enoughWhenFull && !this.#hasFreeChunk(); slice++) {
      lock(words, header.evictLock);
      try {
        const evicted = words[header.evictRestUntil] > now ? -1 : this.#slice(now);
        if (evicted < 0) break;
        gone += evicted;
      } finally {
        unlock(words, header.evictLock);
      }
    }
    return gone > 0 || this.#hasFreeChunk();
  }

  #hasFreeChunk(): boolean {
    const words = this.#words;
    return words[header.freeChunk] !== 0 || words[header.nextFreshChunk] < words[header.endChunk];
  }

  /** Returns how many swarms went, −1 while none can be expected to; with the pass's lock held. */
  #slice(now: number): number {
    const words = this.#words;
    if (words[header.evictShard] === this.#table.allShards && !this.#beginPass(now)) return -1;
    const number = words[header.evictShard];
    const shard = this.#table.shardAt(number);
    const start = words[header.evictPosition];
    this.#advance(start + slotsPerSlice, shard);
    this.#lookAhead(shard, start);
    lock(words, shard + shardRow.lock);
    try {
      if (start === 0) this.#compactor.tidyTable(shard);
      const evicted = this.#clear(shard, number, start, words[header.evictUpTo]);
      words[header.evictedInPass] += evicted;
      return evicted;
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  /** Fetches the entries of a slice before its shard is locked; see LookAhead. */
  #lookAhead(shard: number, start: number): void {
    const words = this.#words;
    const count = Math.min(slotsPerSlice, this.#table.slots(shard) - start);
    for (let i = 0; i < count; i++) {
      this.#ahead[i] = words[this.#table.entryIn(shard, start + i) + entryField.downloaded];
    }
  }

  #advance(position: number, shard: number): void {
    const words = this.#words;
    // Read without the shard's lock: a table that is just being replaced is left a little early or late.
    if (position < this.#table.slots(shard)) {
      words[header.evictPosition] = position;
      return;
    }
    words[header.evictPosition] = 0;
    words[header.evictShard]++;
  }

  /** False, and a rest, when the last pass found nothing that may go. */
  #beginPass(now: number): boolean {
    const words = this.#words;
    const evicted = words[header.evictedInPass];
    words[header.evictedInPass] = evicted === 0 ? 1 : 0;
    if (evicted === 0) {
      words[header.evictRestUntil] = now + restSeconds;
      return false;
    }
    words[header.evictUpTo] = this.#chooseAge();
    // A pass that empties chunks is worth another one, which finds what more it has left behind.
    words[header.evictedInPass] = this.#compactor.choose();
    words[header.evictSet] = words[header.evictSetAt] = 0;
    words[header.evictShard] = 0;
    words[header.evictPosition] = 0;
    return true;
  }

  /** The stamp of a chunk at about the oldest eighth of the swarms on probation, guessed from a few slots here and there. */
  #chooseAge(): number {
    const words = this.#words;
    let found = 0;
    // The pass before ended at another count of chunks filled, so this begins elsewhere each time.
    const first = words[header.chunksFilled];
    for (let window = 0; window < sampledWindows && found < sampleSize; window++) {
      const shard = this.#table.shardAt((first + window * 7) & (this.#table.allShards - 1));
      lock(words, shard + shardRow.lock);
      const end = Math.min(slotsPerSlice, this.#table.slots(shard));
      for (let position = 0; position < end && found < sampleSize; position++) {
        const entry = this.#table.entryIn(shard, position);
        if (entry !== 0 && this.#isOnProbation(entry)) this.#sample[found++] = this.#ageOf(entry);
      }
      unlock(words, shard + shardRow.lock);
    }
    if (found === 0) return words[header.chunksFilled];
    const ages = this.#sample.subarray(0, found).sort();
    return stampOfAge(words, ages[found - 1 - Math.min(clearedOfSample, found >> 3)]);
  }

  /** Evicts from 32 slots what may go, and tidies the rest. */
  #clear(shard: number, number: number, start: number, upTo: number): number {
    const words = this.#words;
    const oldEnough = chunkAge(words, upTo);
    let evicted = 0;
    let end = Math.min(start + slotsPerSlice, this.#table.slots(shard));
    for (let position = start; position < end; ) {
      const entry = this.#table.entryIn(shard, position);
      const isIdle = entry !== 0 && (words[entry + entryField.downloaded] & idleFlag) !== 0;
      if (entry === 0 || !(isIdle || (this.#isOnProbation(entry) && this.#ageOf(entry) >= oldEnough))) {
        if (entry !== 0 && !this.#tidy(shard, position)) {
          // Not done with this one: the next slice goes on here.
          words[header.evictShard] = number;
          words[header.evictPosition] = position;
          return evicted;
        }
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

  /** False when the swarm is so large that it takes another slice. */
  #tidy(shard: number, position: number): boolean {
    const words = this.#words;
    const entry = this.#compactor.tidyEntry(shard, position);
    if (!this.#compactor.isLarge(entry)) {
      this.#compactor.tidySmall(entry);
      words[header.evictSet] = words[header.evictSetAt] = 0;
      return true;
    }
    const set = words[header.evictSet];
    const next = this.#compactor.tidyLarge(entry, set, words[header.evictSetAt], blocksPerSlice);
    words[header.evictSet] = next < 0 ? 0 : next >> 16;
    words[header.evictSetAt] = next < 0 ? 0 : next & 0xffff;
    return next < 0;
  }

  #isOnProbation(entry: number): boolean {
    return this.#words[entry + entryField.downloaded] >= 0 && this.#entries.hasPeers(entry);
  }

  /** How long ago the chunk of the swarm's peers was filled. */
  #ageOf(entry: number): number {
    const words = this.#words;
    const reference = words[entry + entryField.peers4] || words[entry + entryField.peers6];
    const chunk = Math.abs(reference) >>> chunkShift;
    return chunkAge(words, words[chunkTable + chunk * chunkRow.size + chunkRow.filled]);
  }
}
