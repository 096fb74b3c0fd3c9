// What a new store's memory begins with: the header, from which every thread learns the rest.
//
// One Int32Array for all: every reference is a word index below 2^30, which reaches 4 GiB, about 95 million peers.
// Several segments would allow more and cost a choice at every access; --memory-limit is capped instead.

import { header, layoutFor, magic } from './layout.ts';
import { neverAsked } from './store-clock.ts';
import { secondsPerTickFor } from './tick.ts';

export interface StoreOptions {
  /** Bytes, reserved at once and used as needed; a hard limit. */
  memoryLimit: number;
  /** Four random words; whoever knows them can aim at a shard. */
  hashKey: Int32Array;
  /** Seconds without an announce after which a peer is forgotten; 1 to 2,000,000. */
  peerTtl: number;
}

/** Reserves the memory and describes it. Throws RangeError. */
export function createStoreMemory(options: StoreOptions): SharedArrayBuffer {
  const layout = layoutFor(options.memoryLimit);
  const buffer = new SharedArrayBuffer(layout.words * 4);
  const words = new Int32Array(buffer);
  words[header.magic] = magic;
  words[header.words] = layout.words;
  words[header.shardBits] = layout.shardBits;
  words[header.shards] = layout.shards;
  words[header.firstChunk] = layout.firstChunk;
  words[header.endChunk] = layout.endChunk;
  words[header.nextFreshChunk] = layout.firstChunk;
  words.set(options.hashKey.subarray(0, 4), header.hashKey);
  const secondsPerTick = secondsPerTickFor(options.peerTtl);
  words[header.secondsPerTick] = secondsPerTick;
  words[header.ttlTicks] = Math.ceil(options.peerTtl / secondsPerTick);
  words[header.sweptTo] = neverAsked;
  // An idle swarm costs about 40 bytes; an eighth of the memory may remember downloads.
  words[header.maxIdleSwarms] = Math.floor(layout.words / 80);
  // A sixteenth is kept free for swarms that nothing can evict; a pass of eviction takes far less while it gets going.
  const chunks = layout.endChunk - layout.firstChunk;
  words[header.pressedAbove] = chunks - Math.ceil(chunks / 16);
  // No more than that for a copy of the store, so that one whose reader stands still costs no swarm.
  words[header.maxJournalPages] = Math.max(4, Math.floor(chunks / 16));
  // As if a pass had just ended that was worth it.
  words[header.evictShard] = 2 << layout.shardBits;
  words[header.evictedInPass] = 1;
  return buffer;
}
