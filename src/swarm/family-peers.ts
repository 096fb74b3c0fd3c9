// The peers of one address family in one swarm, whether they are none, in one block, or in two large sets.
//
// A swarm's entry holds one reference a family: 0 none, positive a block, negative (negated) a large swarm. All
// methods take `refAt`, the word that holds it. Callers hold the shard's lock.

import { peerIdWords } from '../protocol/peer-id.ts';
import {
  addPartial,
  addRecord,
  capacityOf,
  changeRole,
  findRecord,
  leechersIn,
  partialFlag,
  partialIn,
  peerIdAt,
  peersIn,
  recordAt,
  removeRecord,
  seedersIn,
} from './block.ts';
import { FamilyShape } from './family-shape.ts';
import { FoundPeer } from './found-peer.ts';
import { LargeSwarms, largeField, setOf } from './large-swarm.ts';
import type { Leavers } from './leavers.ts';
import { PeerSets } from './peer-set.ts';
import {
  firstBlockClass4,
  firstBlockClass6,
  peerUnits4,
  peerUnits6,
  recordWords4,
  recordWords6,
} from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

export class FamilyPeers {
  readonly #words: Int32Array;
  /** Words of one record. */
  readonly stride: number;
  /** Compact peers' size in units of 16 bits. */
  readonly unitsPerPeer: number;
  readonly sets: PeerSets;
  /** What they are kept in. */
  readonly shape: FamilyShape;
  readonly #large: LargeSwarms;
  /** The record to insert: `stride` words, and its peer_id from word 5 on. */
  readonly #staged = new Int32Array(32);
  readonly #placed = new FoundPeer();

  constructor(words: Int32Array, allocator: SlabAllocator, family: 4 | 6, key0: number, key1: number) {
    const firstClass = family === 4 ? firstBlockClass4 : firstBlockClass6;
    this.#words = words;
    this.stride = family === 4 ? recordWords4 : recordWords6;
    this.unitsPerPeer = family === 4 ? peerUnits4 : peerUnits6;
    this.sets = new PeerSets(words, allocator, this.stride, firstClass, key0, key1);
    this.#large = new LargeSwarms(words, allocator, this.stride, firstClass, this.sets);
    this.shape = new FamilyShape(words, allocator, this.stride, firstClass, this.sets, this.#large);
  }

  leechers(refAt: number): number {
    const ref = this.#words[refAt];
    if (ref > 0) return leechersIn(this.#words, ref);
    return ref === 0 ? 0 : this.#words[largeField.leechers - ref];
  }

  seeders(refAt: number): number {
    const ref = this.#words[refAt];
    if (ref > 0) return seedersIn(this.#words, ref);
    return ref === 0 ? 0 : this.#words[largeField.seeders - ref];
  }

  /** Partial seeds among the leechers (BEP 21). */
  partial(refAt: number): number {
    const ref = this.#words[refAt];
    if (ref > 0) return partialIn(this.#words, ref);
    return ref === 0 ? 0 : this.#words[largeField.partial - ref];
  }

  /** Word index of the record of some peer; 0 when there is none. */
  anyRecord(refAt: number): number {
    const words = this.#words;
    const ref = words[refAt];
    if (ref >= 0) return ref === 0 ? 0 : recordAt(ref, this.stride, 0);
    return this.#large.anyRecord(ref);
  }

  /**
   * Looks for an endpoint, writes to `found` where it is, and says whether it is there; `likelySeeder` says where to look
   * first. `port` is two wire bytes read as they lie.
   */
  find(
    refAt: number,
    address: Int32Array,
    at: number,
    port: number,
    likelySeeder: boolean,
    found: FoundPeer,
  ): boolean {
    const words = this.#words;
    const ref = words[refAt];
    found.index = -1;
    if (ref === 0) return false;
    if (ref > 0) {
      const index = findRecord(words, ref, this.stride, address, at, port);
      found.block = ref;
      found.index = index;
      found.isSeeder = index >= leechersIn(words, ref);
      return index >= 0;
    }
    found.hash = this.sets.hash(address, at, port);
    return (
      this.#findIn(ref, likelySeeder, address, at, port, found) ||
      this.#findIn(ref, !likelySeeder, address, at, port, found)
    );
  }

  /** State bits (the upper half of the last word) of a record. */
  stateOf(found: FoundPeer): number {
    return this.#words[this.#lastWordOf(found)] >>> 16;
  }

  /** Writes a record's state bits; keeps the count of partial seeds. */
  setState(refAt: number, found: FoundPeer, state: number): void {
    const at = this.#lastWordOf(found);
    const word = this.#words[at];
    if (((word >>> 16) ^ state) & partialFlag) this.#countPartial(refAt, state & partialFlag ? 1 : -1);
    this.#words[at] = (word & 0xffff) | (state << 16);
  }

  setPeerId(found: FoundPeer, peerId: Int32Array, at: number): void {
    const words = this.#words;
    const id = peerIdAt(words, found.block, this.stride, found.index);
    words[id] = peerId[at];
    words[id + 1] = peerId[at + 1];
    words[id + 2] = peerId[at + 2];
    words[id + 3] = peerId[at + 3];
    words[id + 4] = peerId[at + 4];
  }

  /**
   * Moves a record to the other role, and `found` with it; false when memory is full, and then nothing changed.
   */
  changeRole(refAt: number, found: FoundPeer): boolean {
    const words = this.#words;
    const ref = words[refAt];
    if (ref > 0) {
      found.index = changeRole(words, ref, this.stride, found.index);
      found.isSeeder = !found.isSeeder;
      return true;
    }
    const { block, index, isSeeder: wasSeeder, hash } = found;
    const from = setOf(ref, wasSeeder);
    const to = setOf(ref, !wasSeeder);
    const record = recordAt(block, this.stride, index);
    const id = peerIdAt(words, block, this.stride, index);
    if (!this.sets.insert(to, hash, words, record, id, found)) return false;
    found.isSeeder = !wasSeeder;
    this.sets.remove(from, this.sets.pointerFor(from, hash), index);
    words[largeField.leechers - ref] += wasSeeder ? 1 : -1;
    words[largeField.seeders - ref] += wasSeeder ? -1 : 1;
    return true;
  }

  /** Adds a peer that `find` did not find; false when memory is full, and then nothing changed. */
  insert(
    refAt: number,
    seeder: boolean,
    address: Int32Array,
    addressAt: number,
    lastWord: number,
    peerId: Int32Array,
    idAt: number,
  ): boolean {
    const staged = this.#staged;
    for (let i = 0; i < this.stride - 1; i++) staged[i] = address[addressAt + i];
    staged[this.stride - 1] = lastWord;
    for (let i = 0; i < peerIdWords; i++) staged[recordWords6 + i] = peerId[idAt + i];
    if (!this.#place(refAt, seeder)) return false;
    if ((lastWord >>> 16) & partialFlag) this.#countPartial(refAt, 1);
    return true;
  }

  /** Takes a record out; nothing is found any more. */
  remove(refAt: number, found: FoundPeer): void {
    const ref = this.#words[refAt];
    if (this.stateOf(found) & partialFlag) this.#countPartial(refAt, -1);
    if (ref > 0) {
      removeRecord(this.#words, ref, this.stride, found.index);
      this.shape.shrink(refAt);
    } else {
      const set = setOf(ref, found.isSeeder);
      this.#removeFromSet(refAt, found.isSeeder, this.sets.pointerFor(set, found.hash), found.index);
    }
    found.index = -1;
  }

  /** Forgets those of a block that are to leave. */
  expireBlock(refAt: number, leavers: Leavers): void {
    const words = this.#words;
    const block = words[refAt];
    let changed = false;
    for (let i = peersIn(words, block) - 1; i >= 0; i--) {
      if (!leavers.has(words, block, this.stride, i)) continue;
      const state = words[recordAt(block, this.stride, i) + this.stride - 1] >>> 16;
      if (state & partialFlag) addPartial(words, block, -1);
      removeRecord(words, block, this.stride, i);
      changed = true;
    }
    if (changed) this.shape.shrink(refAt);
  }

  /**
   * The same for one block of a large swarm's set, the one that directory pointer `pointer` leads to; tidies it as well.
   * Returns the next pointer to look at, or −1 after the last (also when the swarm is no longer large).
   */
  expireInSet(refAt: number, seeders: boolean, pointer: number, leavers: Leavers): number {
    const words = this.#words;
    const set = setOf(words[refAt], seeders);
    if (pointer >= this.sets.sizeOf(set)) return -1;
    // Before anybody is looked at: a neighbour that is merged with it brings its own, and is not met again.
    this.sets.tidyBlock(set, pointer);
    let block = this.sets.blockAt(set, pointer);
    for (let i = peersIn(words, block) - 1; i >= 0; i--) {
      if (!leavers.has(words, block, this.stride, i)) continue;
      const state = words[recordAt(block, this.stride, i) + this.stride - 1] >>> 16;
      if (state & partialFlag) this.#countPartial(refAt, -1);
      this.#removeFromSet(refAt, seeders, pointer, i);
      if (words[refAt] >= 0) return -1;
      const now = this.sets.blockAt(set, pointer);
      if (now !== block) {
        // Resized or merged with its neighbour: begin again with what it is now.
        block = now;
        i = peersIn(words, block);
      }
    }
    return this.#nextBlock(set, pointer);
  }

  /** Tidies the block of a large swarm's set that directory pointer `pointer` leads to; returns as `expireInSet`. */
  tidyInSet(refAt: number, seeders: boolean, pointer: number): number {
    const set = setOf(this.#words[refAt], seeders);
    if (pointer >= this.sets.sizeOf(set)) return -1;
    this.sets.tidyBlock(set, pointer);
    return this.#nextBlock(set, pointer);
  }

  /** The directory pointer at which the block after the one of `pointer` begins; −1 after the last. */
  #nextBlock(set: number, pointer: number): number {
    const span = this.sets.spanOf(set, this.sets.blockAt(set, pointer));
    const next = (pointer & ~(span - 1)) + span;
    return next < this.sets.sizeOf(set) ? next : -1;
  }

  #lastWordOf(found: FoundPeer): number {
    return recordAt(found.block, this.stride, found.index) + this.stride - 1;
  }

  #findIn(
    ref: number,
    seeder: boolean,
    address: Int32Array,
    at: number,
    port: number,
    found: FoundPeer,
  ): boolean {
    found.isSeeder = seeder;
    return this.sets.find(setOf(ref, seeder), address, at, port, found);
  }

  #countPartial(refAt: number, change: number): void {
    const ref = this.#words[refAt];
    if (ref > 0) addPartial(this.#words, ref, change);
    else this.#words[largeField.partial - ref] += change;
  }

  /** Puts the staged record where it belongs, making room first where there is none. */
  #place(refAt: number, seeder: boolean): boolean {
    const words = this.#words;
    let ref = words[refAt];
    if (ref >= 0 && (ref === 0 || peersIn(words, ref) === capacityOf(words, ref))) {
      if (!this.shape.makeRoom(refAt)) return false;
      ref = words[refAt];
    }
    if (ref > 0) {
      addRecord(words, ref, this.stride, seeder, this.#staged, 0, recordWords6);
      return true;
    }
    const hash = this.sets.hash(this.#staged, 0, this.#staged[this.stride - 1] & 0xffff);
    if (!this.sets.insert(setOf(ref, seeder), hash, this.#staged, 0, recordWords6, this.#placed))
      return false;
    words[(seeder ? largeField.seeders : largeField.leechers) - ref]++;
    return true;
  }

  #removeFromSet(refAt: number, seeder: boolean, pointer: number, index: number): void {
    const words = this.#words;
    const ref = words[refAt];
    this.sets.remove(setOf(ref, seeder), pointer, index);
    words[(seeder ? largeField.seeders : largeField.leechers) - ref]--;
    this.shape.shrinkLarge(refAt);
  }
}
