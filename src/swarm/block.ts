// A block: up to 512 peers of one family side by side, leechers first, then seeders, then their peer_ids.
//
//   counts: leechers | seeders << 16
//   marks: size class | depth << 8 | partial seeds << 16
//   then `capacity` records of `stride` words, then `capacity` peer_ids of 5 words
//
// A record is the compact peer (6 or 18 bytes, as it goes into a reply) and 16 bits of state in the upper half of its
// last word: bits 0-12 last seen (tick.ts), bit 13 its `completed` was counted, bit 14 it is a partial seed (BEP 21),
// bit 15 another machine of the cluster has told of it, which no snapshot's reader goes by.
// A record and its peer_id are on disk and go from process to process as they are (snapshot-format.ts), but for the ticks,
// which are reckoned anew: who changes them, or what a bit of the state means, raises `formatVersion`. The two words of
// the head, and how blocks form a swarm, are in memory only. Callers hold the shard's lock.

import { peerIdWords } from '../protocol/peer-id.ts';
import { blockHead, capacityOfClass, recordWords4, recordWords6 } from './size-classes.ts';
import { tickIn } from './tick.ts';

/** A record's last word, behind its address: the port, and above it the state. */
const port4 = recordWords4 - 1;
const port6 = recordWords6 - 1;
/** The next records of IPv4 peers, in words seen from one. */
const record1 = recordWords4;
const record2 = 2 * recordWords4;
const record3 = 3 * recordWords4;
const record4 = 4 * recordWords4;

/** A block's first words. */
export const blockField = { counts: 0, marks: 1 } as const;

export const countedFlag = 0x2000;
export const partialFlag = 0x4000;
export const remoteFlag = 0x8000;
if (countedFlag + partialFlag + remoteFlag !== 0xe000 || tickIn(0xe000) !== 0)
  throw new RangeError('the bits of a record overlap');

export function leechersIn(words: Int32Array, block: number): number {
  return words[block + blockField.counts] & 0xffff;
}

export function seedersIn(words: Int32Array, block: number): number {
  return words[block + blockField.counts] >>> 16;
}

export function peersIn(words: Int32Array, block: number): number {
  return (words[block + blockField.counts] & 0xffff) + (words[block + blockField.counts] >>> 16);
}

export function classOf(words: Int32Array, block: number): number {
  return words[block + blockField.marks] & 0xff;
}

export function capacityOf(words: Int32Array, block: number): number {
  return capacityOfClass[words[block + blockField.marks] & 0xff];
}

export function depthOf(words: Int32Array, block: number): number {
  return (words[block + blockField.marks] >>> 8) & 0xff;
}

export function partialIn(words: Int32Array, block: number): number {
  return words[block + blockField.marks] >>> 16;
}

export function addPartial(words: Int32Array, block: number, change: number): void {
  words[block + blockField.marks] += change << 16;
}

/** Makes an empty block of a freshly allocated object. */
export function initBlock(words: Int32Array, block: number, sizeClass: number, depth: number): void {
  words[block + blockField.counts] = 0;
  words[block + blockField.marks] = sizeClass | (depth << 8);
}

/** Word index of record `index`. */
export function recordAt(block: number, stride: number, index: number): number {
  return block + blockHead + stride * index;
}

/** Word index of the peer_id of record `index`. */
export function peerIdAt(words: Int32Array, block: number, stride: number, index: number): number {
  return block + blockHead + stride * capacityOf(words, block) + peerIdWords * index;
}

/** Index of the record with this address and port (low 16 bits of a record's last word), or −1. */
export function findRecord(
  words: Int32Array,
  block: number,
  stride: number,
  address: Int32Array,
  addressAt: number,
  port: number,
): number {
  const count = peersIn(words, block);
  const first = address[addressAt];
  if (stride === record1) return findIpv4Record(words, block + blockHead, count, first, port);
  let at = block + blockHead;
  for (let i = 0; i < count; i++, at += stride) {
    if (
      words[at + 3] === address[addressAt + 3] &&
      (words[at + port6] & 0xffff) === port &&
      words[at + 2] === address[addressAt + 2] &&
      words[at + 1] === address[addressAt + 1] &&
      words[at] === first
    ) {
      return i;
    }
  }
  return -1;
}

function findIpv4Record(
  words: Int32Array,
  from: number,
  count: number,
  address: number,
  port: number,
): number {
  const end = from + record1 * count;
  // Four a turn: V8 asks the array anew for its type, length and place in every turn of a loop.
  for (let at = from; at < end; at += record4) {
    if (words[at] === address && (words[at + port4] & 0xffff) === port) return indexOf(from, at);
    if (words[at + record1] === address && (words[at + record1 + port4] & 0xffff) === port)
      return indexBefore(end, from, at + record1);
    if (words[at + record2] === address && (words[at + record2 + port4] & 0xffff) === port)
      return indexBefore(end, from, at + record2);
    if (words[at + record3] === address && (words[at + record3 + port4] & 0xffff) === port)
      return indexBefore(end, from, at + record3);
  }
  return -1;
}

/** What lies behind the last record may look like one, having been one. */
function indexBefore(end: number, from: number, at: number): number {
  return at < end ? indexOf(from, at) : -1;
}

function indexOf(from: number, at: number): number {
  // With `| 0` V8 makes a shift of it.
  return ((at - from) / record1) | 0;
}

/** Adds a record read from `source` to a block that has room, and returns its index. */
export function addRecord(
  words: Int32Array,
  block: number,
  stride: number,
  seeder: boolean,
  source: Int32Array,
  sourceRecord: number,
  sourcePeerId: number,
): number {
  const leechers = leechersIn(words, block);
  const seeders = seedersIn(words, block);
  let index = leechers + seeders;
  if (seeder) {
    words[block + blockField.counts] += 0x10000;
  } else {
    if (seeders > 0) moveRecord(words, block, stride, leechers, index);
    index = leechers;
    words[block + blockField.counts] += 1;
  }
  const to = recordAt(block, stride, index);
  for (let i = 0; i < stride; i++) words[to + i] = source[sourceRecord + i];
  const id = peerIdAt(words, block, stride, index);
  for (let i = 0; i < peerIdWords; i++) words[id + i] = source[sourcePeerId + i];
  return index;
}

/** Takes record `index` out; the last of its role, and of the other where needed, move into the gap. */
export function removeRecord(words: Int32Array, block: number, stride: number, index: number): void {
  const leechers = leechersIn(words, block);
  const last = leechers + seedersIn(words, block) - 1;
  if (index >= leechers) {
    if (index !== last) moveRecord(words, block, stride, last, index);
    words[block + blockField.counts] -= 0x10000;
    return;
  }
  if (index !== leechers - 1) moveRecord(words, block, stride, leechers - 1, index);
  if (last >= leechers) moveRecord(words, block, stride, last, leechers - 1);
  words[block + blockField.counts] -= 1;
}

/** Makes a seeder of a leecher or the other way round; returns the record's new index. */
export function changeRole(words: Int32Array, block: number, stride: number, index: number): number {
  const leechers = leechersIn(words, block);
  const becomesSeeder = index < leechers;
  const border = becomesSeeder ? leechers - 1 : leechers;
  if (index !== border) swapRecords(words, block, stride, index, border);
  words[block + blockField.counts] += becomesSeeder ? 0xffff : -0xffff;
  return border;
}

/** Copies everything of one block to another that holds nothing yet; the other keeps its class. */
export function copyBlock(words: Int32Array, from: number, to: number, stride: number): void {
  const count = peersIn(words, from);
  words[to + blockField.counts] = words[from + blockField.counts];
  words[to + blockField.marks] =
    (words[from + blockField.marks] & ~0xff) | (words[to + blockField.marks] & 0xff);
  copyWords(words, from + blockHead, to + blockHead, count * stride);
  copyWords(words, peerIdAt(words, from, stride, 0), peerIdAt(words, to, stride, 0), count * peerIdWords);
}

function moveRecord(words: Int32Array, block: number, stride: number, from: number, to: number): void {
  copyWords(words, recordAt(block, stride, from), recordAt(block, stride, to), stride);
  const ids = peerIdAt(words, block, stride, 0);
  copyWords(words, ids + peerIdWords * from, ids + peerIdWords * to, peerIdWords);
}

function swapRecords(words: Int32Array, block: number, stride: number, a: number, b: number): void {
  swapWords(words, recordAt(block, stride, a), recordAt(block, stride, b), stride);
  const ids = peerIdAt(words, block, stride, 0);
  swapWords(words, ids + peerIdWords * a, ids + peerIdWords * b, peerIdWords);
}

function copyWords(words: Int32Array, from: number, to: number, count: number): void {
  for (let i = 0; i < count; i++) words[to + i] = words[from + i];
}

function swapWords(words: Int32Array, a: number, b: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const word = words[a + i];
    words[a + i] = words[b + i];
    words[b + i] = word;
  }
}
