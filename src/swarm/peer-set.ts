// A large set: all leechers or all seeders of one family of a swarm that has outgrown one block.
//
// Extendible hashing: a directory of 2^depth references, indexed by the upper bits of the endpoint's keyed hash, leads
// to blocks of at most 128 peers. A full block splits in two, a directory doubles by copying references, two small
// neighbours merge: nothing ever takes longer than one block's worth of copying (or one directory's, 64 KiB at most),
// so a swarm of a million peers inserts, finds and removes like one of a hundred. Since a block's share of the hash
// space is its share of the peers, starting at a random directory pointer samples evenly.
// Callers hold the shard's lock.
//
// Chosen over one array with an index: that stops its swarm for tens of milliseconds when it grows by copying at a
// million peers, and the index costs 8 bytes a peer.

import { isLocalScope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import {
  addRecord,
  capacityOf,
  classOf,
  copyBlock,
  depthOf,
  findRecord,
  initBlock,
  peerIdAt,
  peersIn,
  recordAt,
  removeRecord,
} from './block.ts';
import type { FoundPeer } from './found-peer.ts';
import { keyedHash } from './keyed-hash.ts';
import {
  capacityOfClass,
  lastStep,
  maxTableBits,
  recordWords4,
  stepFor,
  tableClass,
  usualSteps,
} from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

/** A set lies in two words of the large swarm: reference to the directory, and its depth. */
export const setField = { directory: 0, depth: 1 } as const;

/** Below this many peers in two neighbouring blocks they merge; half a block, so that they do not split again at once. */
const mergeBelow = 64;

export class PeerSets {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #stride: number;
  readonly #firstClass: number;
  readonly #key0: number;
  readonly #key1: number;

  constructor(
    words: Int32Array,
    allocator: SlabAllocator,
    stride: number,
    firstClass: number,
    key0: number,
    key1: number,
  ) {
    this.#words = words;
    this.#allocator = allocator;
    this.#stride = stride;
    this.#firstClass = firstClass;
    this.#key0 = key0;
    this.#key1 = key1;
  }

  /** Makes an empty set in the two words at `set`; false when memory is full. */
  create(set: number): boolean {
    const directory = this.#allocator.allocate(tableClass(0));
    if (directory === 0) return false;
    const block = this.#allocator.allocate(this.#firstClass);
    if (block === 0) {
      this.#allocator.free(directory);
      return false;
    }
    initBlock(this.#words, block, this.#firstClass, 0);
    this.#words[directory] = block;
    this.#words[set + setField.directory] = directory;
    this.#words[set + setField.depth] = 0;
    return true;
  }

  /** Gives back the set's blocks and directory. */
  free(set: number): void {
    const pointers = this.sizeOf(set);
    for (let pointer = 0; pointer < pointers; ) {
      const block = this.blockAt(set, pointer);
      pointer += this.spanOf(set, block);
      this.#allocator.free(block);
    }
    this.#allocator.free(this.#words[set + setField.directory]);
  }

  /**
   * The keyed hash of an endpoint: address words, and the port in the low half of a record's last word. All ports of an
   * IPv4 address, all peers of an IPv6 /64, have the same, so that they can be counted in one block; their number is
   * bounded. On addresses where it is not, the whole endpoint counts, or one hash might fill a block beyond its size.
   */
  hash(address: Int32Array, at: number, port: number): number {
    const isIpv4 = this.#stride === recordWords4;
    if (isLocalScope(isIpv4 ? scopeOfIpv4(address[at]) : scopeOfIpv6(address, at)))
      return keyedHash(this.#key0, this.#key1, address, at, this.#stride - 1, port);
    return keyedHash(this.#key0, this.#key1, address, at, isIpv4 ? 1 : 2, 0);
  }

  /** Looks for an endpoint whose hash `found` has already, and writes there where it is. */
  find(set: number, address: Int32Array, at: number, port: number, found: FoundPeer): boolean {
    const block = this.blockAt(set, this.pointerFor(set, found.hash));
    const index = findRecord(this.#words, block, this.#stride, address, at, port);
    found.block = block;
    found.index = index;
    return index >= 0;
  }

  /**
   * Adds a record that is not there yet, read from `source`, and writes to `placed` where it lies; false when memory is
   * full, and then nothing changed.
   */
  insert(
    set: number,
    hash: number,
    source: Int32Array,
    sourceRecord: number,
    sourcePeerId: number,
    placed: FoundPeer,
  ): boolean {
    const words = this.#words;
    for (;;) {
      const pointer = this.pointerFor(set, hash);
      const block = this.blockAt(set, pointer);
      if (peersIn(words, block) < capacityOf(words, block)) {
        placed.block = block;
        placed.index = addRecord(words, block, this.#stride, false, source, sourceRecord, sourcePeerId);
        return true;
      }
      if (!this.#makeRoom(set, pointer, block)) return false;
    }
  }

  /** Takes out record `index` of the block that directory pointer `pointer` leads to. */
  remove(set: number, pointer: number, index: number): void {
    const words = this.#words;
    const block = this.blockAt(set, pointer);
    removeRecord(words, block, this.#stride, index);
    const count = peersIn(words, block);
    if (count <= mergeBelow / 2 && this.#merge(set, pointer, block)) return;
    const step = classOf(words, block) - this.#firstClass;
    if (step >= 3 && count <= capacityOfClass[this.#firstClass + step - 3]) {
      this.#resize(set, pointer, block, step - 2);
    }
  }

  /**
   * Gives the block that directory pointer `pointer` leads to the size that it needs, merges it with its neighbour where
   * both are small, and moves it out of a chunk that is being emptied.
   */
  tidyBlock(set: number, pointer: number): void {
    const block = this.blockAt(set, pointer);
    const count = peersIn(this.#words, block);
    if (count <= mergeBelow / 2 && this.#merge(set, pointer, block)) return;
    const step = stepFor(count);
    if (this.#firstClass + step < classOf(this.#words, block)) {
      this.#resize(set, pointer, block, step);
      return;
    }
    if (!this.#allocator.isEmptying(block)) return;
    const copy = this.#allocator.copyOut(block);
    if (copy === 0) return;
    this.#point(set, pointer, copy);
    this.#allocator.free(block);
  }

  /** Halves a directory that is larger than its blocks need, and moves it out of a chunk that is being emptied. */
  tidyDirectory(set: number): void {
    const words = this.#words;
    while (this.#isDouble(set) && this.#halveDirectory(set));
    const directory = words[set + setField.directory];
    if (!this.#allocator.isEmptying(directory)) return;
    const copy = this.#allocator.copyOut(directory);
    if (copy === 0) return;
    words[set + setField.directory] = copy;
    this.#allocator.free(directory);
  }

  pointerFor(set: number, hash: number): number {
    const depth = this.#words[set + setField.depth];
    return depth === 0 ? 0 : hash >>> (32 - depth);
  }

  blockAt(set: number, pointer: number): number {
    return this.#words[this.pointerAt(set, pointer)];
  }

  /** Word index of a pointer of the directory. */
  pointerAt(set: number, pointer: number): number {
    return this.#words[set + setField.directory] + pointer;
  }

  /** Pointers in the set's directory. */
  sizeOf(set: number): number {
    return 1 << this.#words[set + setField.depth];
  }

  /** How many neighbouring directory pointers lead to this block. */
  spanOf(set: number, block: number): number {
    return 1 << (this.#words[set + setField.depth] - depthOf(this.#words, block));
  }

  #makeRoom(set: number, pointer: number, block: number): boolean {
    const step = classOf(this.#words, block) - this.#firstClass;
    if (step < usualSteps) return this.#resize(set, pointer, block, step + 1);
    const depth = this.#words[set + setField.depth];
    if (depthOf(this.#words, block) < depth) return this.#split(set, pointer, block);
    if (depth < maxTableBits) return this.#doubleDirectory(set);
    return step < lastStep && this.#resize(set, pointer, block, step + 1);
  }

  #resize(set: number, pointer: number, block: number, step: number): boolean {
    const bigger = this.#allocateBlock(step, depthOf(this.#words, block));
    if (bigger === 0) return false;
    copyBlock(this.#words, block, bigger, this.#stride);
    this.#point(set, pointer, bigger);
    this.#allocator.free(block);
    return true;
  }

  #split(set: number, pointer: number, block: number): boolean {
    const words = this.#words;
    const depth = depthOf(words, block);
    const count = peersIn(words, block);
    const bit = 31 - depth;
    let upperCount = 0;
    for (let i = 0; i < count; i++) upperCount += (this.#hashOf(block, i) >>> bit) & 1;
    const lower = this.#allocateBlock(stepFor(count - upperCount), depth + 1);
    if (lower === 0) return false;
    const upper = this.#allocateBlock(stepFor(upperCount), depth + 1);
    if (upper === 0) {
      this.#allocator.free(lower);
      return false;
    }
    for (let i = 0; i < count; i++) {
      this.#copyRecord(block, i, (this.#hashOf(block, i) >>> bit) & 1 ? upper : lower);
    }
    const half = this.spanOf(set, block) >>> 1;
    this.#point(set, pointer & ~half, lower);
    this.#point(set, pointer | half, upper);
    this.#allocator.free(block);
    return true;
  }

  #merge(set: number, pointer: number, block: number): boolean {
    const words = this.#words;
    const depth = depthOf(words, block);
    if (depth === 0) return false;
    const neighbour = this.blockAt(set, pointer ^ this.spanOf(set, block));
    const together = peersIn(words, block) + peersIn(words, neighbour);
    if (depthOf(words, neighbour) !== depth || together > mergeBelow) return false;
    const merged = this.#allocateBlock(stepFor(together), depth - 1);
    if (merged === 0) return false;
    for (let i = peersIn(words, block) - 1; i >= 0; i--) this.#copyRecord(block, i, merged);
    for (let i = peersIn(words, neighbour) - 1; i >= 0; i--) this.#copyRecord(neighbour, i, merged);
    this.#point(set, pointer, merged);
    this.#allocator.free(block);
    this.#allocator.free(neighbour);
    return true;
  }

  #doubleDirectory(set: number): boolean {
    const words = this.#words;
    const depth = words[set + setField.depth];
    const old = words[set + setField.directory];
    const directory = this.#allocator.allocate(tableClass(depth + 1));
    if (directory === 0) return false;
    for (let i = (1 << depth) - 1; i >= 0; i--) {
      words[directory + 2 * i] = words[old + i];
      words[directory + 2 * i + 1] = words[old + i];
    }
    words[set + setField.directory] = directory;
    words[set + setField.depth] = depth + 1;
    this.#allocator.free(old);
    return true;
  }

  /** Whether two neighbouring pointers always lead to the same block. */
  #isDouble(set: number): boolean {
    const words = this.#words;
    const directory = words[set + setField.directory];
    const size = this.sizeOf(set);
    if (size === 1) return false;
    for (let pointer = 0; pointer < size; pointer += 2) {
      if (words[directory + pointer] !== words[directory + pointer + 1]) return false;
    }
    return true;
  }

  #halveDirectory(set: number): boolean {
    const words = this.#words;
    const depth = words[set + setField.depth] - 1;
    const old = words[set + setField.directory];
    const isSameClass = tableClass(depth) === tableClass(depth + 1);
    const directory = isSameClass ? old : this.#allocator.allocate(tableClass(depth));
    if (directory === 0) return false;
    for (let i = 0; i < 1 << depth; i++) words[directory + i] = words[old + 2 * i];
    words[set + setField.directory] = directory;
    words[set + setField.depth] = depth;
    if (!isSameClass) this.#allocator.free(old);
    return true;
  }

  #allocateBlock(step: number, depth: number): number {
    const block = this.#allocator.allocate(this.#firstClass + step);
    if (block !== 0) initBlock(this.#words, block, this.#firstClass + step, depth);
    return block;
  }

  /** Points every directory pointer of the block's share, in which `pointer` lies, at it. */
  #point(set: number, pointer: number, block: number): void {
    const span = this.spanOf(set, block);
    const start = this.#words[set + setField.directory] + (pointer & ~(span - 1));
    for (let i = 0; i < span; i++) this.#words[start + i] = block;
  }

  #copyRecord(from: number, index: number, to: number): void {
    const words = this.#words;
    const stride = this.#stride;
    addRecord(
      words,
      to,
      stride,
      false,
      words,
      recordAt(from, stride, index),
      peerIdAt(words, from, stride, index),
    );
  }

  #hashOf(block: number, index: number): number {
    const at = recordAt(block, this.#stride, index);
    return this.hash(this.#words, at, this.#words[at + this.#stride - 1] & 0xffff);
  }
}
