// Which entry an info_hash has: one open-addressing table a shard, keyed so that nobody can aim at a bucket.
//
// A slot is 32 bits: the entry's reference (entries are 8 words, so 27 bits) and 5 bits of the hash as a tag, which
// spares most looks at entries that are not meant. 0 is an empty slot. Callers hold the shard's lock.

import { infoHashWords } from '../protocol/info-hash.ts';
import { keyedHash } from './keyed-hash.ts';
import { entryField, header, maxMemoryLimit, maxShardBits, shardRow } from './layout.ts';
import { entryClass, maxTableBits, minTableBits, tableClass } from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

const tagBits = 5;
const tagMask = (1 << tagBits) - 1;
const entryShift = 3;
/** The bits of a hash between those that choose the shard, the upper ones, and those of the position, the lower ones. */
const tagShift = maxTableBits;
const infoHashLength = (infoHashWords * 4) << 24;
if (1 << entryShift !== entryField.size || Math.log2(maxMemoryLimit / 4) - entryShift + tagBits > 32)
  throw new RangeError('a slot does not hold the reference of every entry and a tag');
if (tagShift + tagBits + maxShardBits > 32)
  throw new RangeError('shard, tag and position are chosen by the same bits of a hash');
if (2 ** maxShardBits * 2 ** maxTableBits * entryField.size * 4 < maxMemoryLimit)
  throw new RangeError('the tables of all shards have fewer slots than there may be entries');

export class InfoHashTable {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #key0: number;
  readonly #key1: number;
  readonly #shardShift: number;
  readonly #shards: number;
  /** How many shards there are of peers with an endpoint: the first ones. */
  readonly shardCount: number;
  /** With those of peers that are connections. */
  readonly allShards: number;

  constructor(words: Int32Array, allocator: SlabAllocator) {
    this.#words = words;
    this.#allocator = allocator;
    this.#key0 = words[header.hashKey];
    this.#key1 = words[header.hashKey + 1];
    this.#shardShift = 32 - words[header.shardBits];
    this.#shards = words[header.shards];
    this.shardCount = 1 << words[header.shardBits];
    this.allShards = 2 * this.shardCount;
  }

  hash(infoHash: Int32Array, at: number): number {
    return keyedHash(this.#key0, this.#key1, infoHash, at, infoHashWords, infoHashLength);
  }

  /** Word index of the shard that a hash belongs to; its lock is the first word. */
  shardOf(hash: number): number {
    return this.#shards + (hash >>> this.#shardShift) * shardRow.size;
  }

  /** The same for the swarms of peers that are connections. */
  connectionShardOf(hash: number): number {
    return this.shardOf(hash) + this.shardCount * shardRow.size;
  }

  /** Whether it is one of those, by its word index. */
  isConnectionShard(shard: number): boolean {
    return shard >= this.#shards + this.shardCount * shardRow.size;
  }

  /** Word index of shard number `index`, of `allShards`. */
  shardAt(index: number): number {
    return this.#shards + index * shardRow.size;
  }

  /** The entry of an info_hash, or 0. */
  find(shard: number, hash: number, infoHash: Int32Array, at: number): number {
    const words = this.#words;
    const table = words[shard + shardRow.table];
    if (table === 0) return 0;
    const mask = (1 << words[shard + shardRow.tableBits]) - 1;
    const tag = tagOf(hash);
    for (let position = hash & mask; ; position = (position + 1) & mask) {
      const slot = words[table + position];
      if (slot === 0) return 0;
      if ((slot & tagMask) !== tag) continue;
      const entry = entryOf(slot);
      if (
        words[entry] === infoHash[at] &&
        words[entry + 1] === infoHash[at + 1] &&
        words[entry + 2] === infoHash[at + 2] &&
        words[entry + 3] === infoHash[at + 3] &&
        words[entry + 4] === infoHash[at + 4]
      ) {
        return entry;
      }
    }
  }

  /** Makes an entry for an info_hash that has none; 0 when memory is full. */
  insert(shard: number, hash: number, infoHash: Int32Array, at: number): number {
    const words = this.#words;
    if (!this.#makeRoom(shard)) return 0;
    const entry = this.#allocator.allocate(entryClass);
    if (entry === 0) return 0;
    for (let i = 0; i < infoHashWords; i++) words[entry + i] = infoHash[at + i];
    for (let i = infoHashWords; i < entryField.size; i++) words[entry + i] = 0;
    this.#put(words[shard + shardRow.table], words[shard + shardRow.tableBits], hash, entry);
    words[shard + shardRow.entries]++;
    return entry;
  }

  /** Takes an entry out and gives it back. */
  remove(shard: number, entry: number): void {
    const words = this.#words;
    const table = words[shard + shardRow.table];
    const mask = (1 << words[shard + shardRow.tableBits]) - 1;
    let gap = this.hash(words, entry) & mask;
    while (entryOf(words[table + gap]) !== entry) gap = (gap + 1) & mask;
    // Close the gap with the next entry that may stand there, and go on with the gap that it leaves.
    for (let next = (gap + 1) & mask; words[table + next] !== 0; next = (next + 1) & mask) {
      const home = this.hash(words, entryOf(words[table + next])) & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      words[table + gap] = words[table + next];
      gap = next;
    }
    words[table + gap] = 0;
    this.#allocator.free(entry);
    words[shard + shardRow.entries]--;
    this.#shrink(shard);
  }

  /** Slots of the shard's table; 0 before its first entry. */
  slots(shard: number): number {
    return this.#words[shard + shardRow.table] === 0 ? 0 : 1 << this.#words[shard + shardRow.tableBits];
  }

  /** The entry in slot `position` of the shard's table, or 0. */
  entryIn(shard: number, position: number): number {
    return entryOf(this.#words[this.#words[shard + shardRow.table] + position]);
  }

  /** Moves the shard's table when its chunk is being emptied. */
  moveTable(shard: number): void {
    const words = this.#words;
    const table = words[shard + shardRow.table];
    if (table === 0 || !this.#allocator.isEmptying(table)) return;
    const copy = this.#allocator.copyOut(table);
    if (copy === 0) return;
    words[shard + shardRow.table] = copy;
    this.#allocator.free(table);
  }

  /** The entry in slot `position`, which is not empty; when its chunk is being emptied it is another one now. */
  moveEntry(shard: number, position: number): number {
    const words = this.#words;
    const slot = words[shard + shardRow.table] + position;
    const entry = entryOf(words[slot]);
    if (!this.#allocator.isEmptying(entry)) return entry;
    const copy = this.#allocator.copyOut(entry);
    if (copy === 0) return entry;
    words[slot] = ((copy >>> entryShift) << tagBits) | (words[slot] & tagMask);
    this.#allocator.free(entry);
    return copy;
  }

  /** The entry that a slot's word refers to; 0 for an empty slot. */
  entryOf(slot: number): number {
    return entryOf(slot);
  }

  #put(table: number, bits: number, hash: number, entry: number): void {
    const mask = (1 << bits) - 1;
    let position = hash & mask;
    while (this.#words[table + position] !== 0) position = (position + 1) & mask;
    this.#words[table + position] = ((entry >>> entryShift) << tagBits) | tagOf(hash);
  }

  /** Keeps the table at most three quarters full, or nearly full when it can grow no more. */
  #makeRoom(shard: number): boolean {
    const words = this.#words;
    const needed = words[shard + shardRow.entries] + 1;
    if (words[shard + shardRow.table] === 0) return this.#resize(shard, minTableBits);
    const bits = words[shard + shardRow.tableBits];
    const size = 1 << bits;
    if (needed <= size - (size >>> 2)) return true;
    if (bits < maxTableBits && this.#resize(shard, bits + 1)) return true;
    return needed <= size - (size >>> 4);
  }

  #shrink(shard: number): void {
    const bits = this.#words[shard + shardRow.tableBits];
    if (bits > minTableBits && this.#words[shard + shardRow.entries] < 1 << (bits - 2))
      this.#resize(shard, bits - 1);
  }

  #resize(shard: number, bits: number): boolean {
    const words = this.#words;
    const table = this.#allocator.allocate(tableClass(bits));
    if (table === 0) return false;
    words.fill(0, table, table + (1 << bits));
    const old = words[shard + shardRow.table];
    for (let position = this.slots(shard) - 1; position >= 0; position--) {
      const entry = entryOf(words[old + position]);
      if (entry !== 0) this.#put(table, bits, this.hash(words, entry), entry);
    }
    if (old !== 0) this.#allocator.free(old);
    words[shard + shardRow.table] = table;
    words[shard + shardRow.tableBits] = bits;
    return true;
  }
}

function entryOf(slot: number): number {
  return (slot >>> tagBits) << entryShift;
}

function tagOf(hash: number): number {
  return (hash >>> tagShift) & tagMask;
}
