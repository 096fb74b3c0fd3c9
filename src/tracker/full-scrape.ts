// A scrape of everything, in the order of the info_hashes that bencoding asks for, without building the reply.
//
// The store is hashed, so the info_hashes are collected first, 20 bytes a swarm, dealt into 65,536 piles and sorted
// pile by pile: to sort all at once stopped the main thread for a second at a million swarms.

import { infoHashWords } from '../protocol/info-hash.ts';
import { swarmWords } from '../swarm/shard-swarms.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { SwarmCounts } from '../swarm/swarm-visit.ts';

export interface ScrapedSwarm extends SwarmCounts {
  /** 20 bytes; reused for the next swarm. */
  infoHash: Uint8Array;
}

/** Where whoever goes through the scrape may do something else: some hundred microseconds of work lie between two. */
const pause = undefined;

/** Hashes between two pauses where each takes a few nanoseconds. */
const dealtAtOnce = 32_768;
/** Hashes between two pauses where each is compared or sought. */
const foundAtOnce = 1024;
/** Members of a pile that are sorted at once, in a millisecond or so. */
const sortedAtOnce = 2048;

/**
 * Yields one reused object a swarm, and `pause` in between. Holds 20 bytes and a little a swarm while it runs: the
 * info_hashes are collected a shard at a time, dealt into 65,536 piles by their first two bytes, and each pile is sorted
 * when its turn comes. Whoever announces chooses the info_hashes, so one pile may hold nearly all of them.
 */
export function* scrapeAll(
  store: SwarmStore,
  isShown: (infoHash: Int32Array, at: number) => boolean = () => true,
): Generator<ScrapedSwarm | typeof pause, void, undefined> {
  const hashes = yield* collect(store);
  const { order, starts } = yield* deal(hashes);
  const infoHash = new Int32Array(infoHashWords);
  const swarm: ScrapedSwarm = {
    infoHash: new Uint8Array(infoHash.buffer),
    complete: 0,
    incomplete: 0,
    downloaded: 0,
    downloaders: 0,
  };
  const bytes = new Uint8Array(hashes.buffer);
  let sought = 0;
  // A torrent with peers of both kinds has been collected twice.
  let last = -1;
  for (let pile = 0; pile < 65_536; pile++) {
    const members = order.subarray(starts[pile], starts[pile + 1]);
    yield* sort(members, (a, b) => compare(bytes, a * 20, b * 20));
    for (const member of members) {
      if (++sought % foundAtOnce === 0) yield pause;
      const at = member * infoHashWords;
      if (last >= 0 && compare(bytes, member * 20, last) === 0) continue;
      last = member * 20;
      if (!isShown(hashes, at)) continue;
      store.scrape(hashes, at, swarm);
      if (swarm.complete + swarm.incomplete === 0) continue;
      infoHash.set(hashes.subarray(at, at + infoHashWords));
      yield swarm;
    }
  }
}

function* collect(store: SwarmStore): Generator<typeof pause, Int32Array, undefined> {
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
      for (let i = 0; i < infoHashWords; i++) hashes[used + i] = swarms[at + i];
    }
    if (swarms.length > 0) yield pause;
  }
  return hashes.subarray(0, used);
}

/** The hashes' numbers ordered by their first two bytes, and where each pile begins. */
function* deal(
  hashes: Int32Array,
): Generator<typeof pause, { order: Uint32Array; starts: Uint32Array }, undefined> {
  const count = hashes.length / infoHashWords;
  const starts = new Uint32Array(65_537);
  for (let i = 0; i < count; i++) {
    starts[pileOf(hashes[i * infoHashWords]) + 1]++;
    if (i % dealtAtOnce === 0) yield pause;
  }
  for (let pile = 0; pile < 65_536; pile++) starts[pile + 1] += starts[pile];
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    order[next[pileOf(hashes[i * infoHashWords])]++] = i;
    if (i % dealtAtOnce === 0) yield pause;
  }
  return { order, starts };
}

/** Sorts in place: runs of a bounded length, which are then merged two by two. */
function* sort(
  members: Uint32Array,
  order: (a: number, b: number) => number,
): Generator<typeof pause, void, undefined> {
  const { length } = members;
  if (length <= sortedAtOnce) {
    if (length > 1) members.sort(order);
    return;
  }
  for (let at = 0; at < length; at += sortedAtOnce) {
    members.subarray(at, at + sortedAtOnce).sort(order);
    yield pause;
  }
  const from = new Uint32Array(length);
  for (let run = sortedAtOnce; run < length; run *= 2) {
    from.set(members);
    for (let start = 0, at = 0; start < length; start += 2 * run) {
      const middle = Math.min(start + run, length);
      const end = Math.min(middle + run, length);
      for (let left = start, right = middle; at < end; at++) {
        const takesLeft = right === end || (left < middle && order(from[left], from[right]) <= 0);
        members[at] = takesLeft ? from[left++] : from[right++];
        if (at % foundAtOnce === 0) yield pause;
      }
    }
  }
}

// The first two bytes of a little-endian word, in the order they are compared in.
function pileOf(word: number): number {
  return ((word & 0xff) << 8) | ((word >>> 8) & 0xff);
}

function compare(bytes: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < 20; i++) {
    const difference = bytes[a + i] - bytes[b + i];
    if (difference !== 0) return difference;
  }
  return 0;
}
