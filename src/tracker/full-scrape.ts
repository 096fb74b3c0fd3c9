// A scrape of everything, in the order of the info_hashes that bencoding asks for, without building the reply.

import { infoHashWords } from '../protocol/info-hash.ts';
import { swarmWords } from '../swarm/shard-swarms.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { SwarmCounts } from '../swarm/swarm-visit.ts';

export interface ScrapedSwarm extends SwarmCounts {
  /** 20 bytes; reused for the next swarm. */
  infoHash: Uint8Array;
}

/**
 * Yields one reused object a swarm. Holds 20 bytes and a little a swarm while it runs: the info_hashes are collected a
 * shard at a time, dealt into 65,536 piles by their first two bytes, and each pile is sorted when its turn comes.
 */
export function* scrapeAll(
  store: SwarmStore,
  isShown: (infoHash: Int32Array, at: number) => boolean = () => true,
): Generator<ScrapedSwarm, void, undefined> {
  const hashes = collect(store);
  const { order, starts } = deal(hashes);
  const infoHash = new Int32Array(infoHashWords);
  const swarm: ScrapedSwarm = {
    infoHash: new Uint8Array(infoHash.buffer),
    complete: 0,
    incomplete: 0,
    downloaded: 0,
    downloaders: 0,
  };
  const bytes = new Uint8Array(hashes.buffer);
  for (let pile = 0; pile < 65_536; pile++) {
    const members = order.subarray(starts[pile]!, starts[pile + 1]!);
    if (members.length > 1) members.sort((a, b) => compare(bytes, a * 20, b * 20));
    for (const member of members) {
      const at = member * infoHashWords;
      if (!isShown(hashes, at)) continue;
      store.scrape(hashes, at, swarm);
      if (swarm.complete + swarm.incomplete === 0) continue;
      infoHash.set(hashes.subarray(at, at + infoHashWords));
      yield swarm;
    }
  }
}

function collect(store: SwarmStore): Int32Array {
  let hashes = new Int32Array(infoHashWords * 1024);
  let used = 0;
  for (let shard = 0; shard < store.shardCount; shard++) {
    const swarms = store.readShard(shard);
    const needed = used + (swarms.length / swarmWords) * infoHashWords;
    if (needed > hashes.length) {
      const larger = new Int32Array(needed * 2);
      larger.set(hashes.subarray(0, used));
      hashes = larger;
    }
    for (let at = 0; at < swarms.length; at += swarmWords, used += infoHashWords) {
      for (let i = 0; i < infoHashWords; i++) hashes[used + i] = swarms[at + i]!;
    }
  }
  return hashes.slice(0, used);
}

/** The hashes' numbers ordered by their first two bytes, and where each pile begins. */
function deal(hashes: Int32Array): { order: Uint32Array; starts: Uint32Array } {
  const count = hashes.length / infoHashWords;
  const starts = new Uint32Array(65_537);
  for (let i = 0; i < count; i++) starts[pileOf(hashes[i * infoHashWords]!) + 1]!++;
  for (let pile = 0; pile < 65_536; pile++) starts[pile + 1]! += starts[pile]!;
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[next[pileOf(hashes[i * infoHashWords]!)]!++] = i;
  return { order, starts };
}

// The first two bytes of a little-endian word, in the order they are compared in.
function pileOf(word: number): number {
  return ((word & 0xff) << 8) | ((word >>> 8) & 0xff);
}

function compare(bytes: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < 20; i++) {
    const difference = bytes[a + i]! - bytes[b + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
