// A large swarm: the peers of one family that have outgrown one block, as totals and two sets, and the way there and back.
// Callers hold the shard's lock.

import {
  addPartial,
  addRecord,
  initBlock,
  leechersIn,
  partialIn,
  peerIdAt,
  peersIn,
  recordAt,
  seedersIn,
} from './block.ts';
import { FoundPeer } from './found-peer.ts';
import type { PeerSets } from './peer-set.ts';
import { largeClass, stepFor } from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

/** A large swarm: totals, then its two sets. */
export const largeField = { leechers: 0, seeders: 1, partial: 2, leecherSet: 4, seederSet: 6 } as const;

const bothRoles = [false, true] as const;

/** Word index of the set of one role in the large swarm that reference `ref` (negative) stands for. */
export function setOf(ref: number, seeder: boolean): number {
  return (seeder ? largeField.seederSet : largeField.leecherSet) - ref;
}

/** The large swarms of one family. */
export class LargeSwarms {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #stride: number;
  readonly #firstClass: number;
  readonly #sets: PeerSets;
  readonly #placed = new FoundPeer();

  constructor(
    words: Int32Array,
    allocator: SlabAllocator,
    stride: number,
    firstClass: number,
    sets: PeerSets,
  ) {
    this.#words = words;
    this.#allocator = allocator;
    this.#stride = stride;
    this.#firstClass = firstClass;
    this.#sets = sets;
  }

  /** Word index of the record of some peer of reference `ref` (negative); 0 when there is none. */
  anyRecord(ref: number): number {
    const words = this.#words;
    for (const seeder of bothRoles) {
      const set = setOf(ref, seeder);
      for (let pointer = 0; pointer < this.#sets.sizeOf(set); ) {
        const block = this.#sets.blockAt(set, pointer);
        if (peersIn(words, block) > 0) return recordAt(block, this.#stride, 0);
        pointer += this.#sets.spanOf(set, block);
      }
    }
    return 0;
  }

  /** Makes a large swarm of a block's peers; the block stays. 0 when memory is full, and then nothing changed. */
  fromBlock(block: number): number {
    const words = this.#words;
    const large = this.#allocator.allocate(largeClass);
    if (large === 0) return 0;
    if (!this.#sets.create(large + largeField.leecherSet)) {
      this.#allocator.free(large);
      return 0;
    }
    if (!this.#sets.create(large + largeField.seederSet)) {
      this.#sets.free(large + largeField.leecherSet);
      this.#allocator.free(large);
      return 0;
    }
    words[large + largeField.leechers] = leechersIn(words, block);
    words[large + largeField.seeders] = seedersIn(words, block);
    words[large + largeField.partial] = partialIn(words, block);
    for (let i = 0; i < peersIn(words, block); i++) {
      const at = recordAt(block, this.#stride, i);
      const hash = this.#sets.hash(words, at, words[at + this.#stride - 1] & 0xffff);
      const set = setOf(-large, i >= leechersIn(words, block));
      const id = peerIdAt(words, block, this.#stride, i);
      if (!this.#sets.insert(set, hash, words, at, id, this.#placed)) {
        this.free(large);
        return 0;
      }
    }
    return large;
  }

  /** Makes a block of the few peers left of a large swarm, which stays; 0 when memory is full. */
  toBlock(large: number): number {
    const words = this.#words;
    const total = words[large + largeField.leechers] + words[large + largeField.seeders];
    const sizeClass = this.#firstClass + stepFor(total);
    const block = this.#allocator.allocate(sizeClass);
    if (block === 0) return 0;
    initBlock(words, block, sizeClass, 0);
    for (const seeder of bothRoles) {
      const set = setOf(-large, seeder);
      for (let pointer = 0; pointer < this.#sets.sizeOf(set); ) {
        const part = this.#sets.blockAt(set, pointer);
        for (let i = 0; i < peersIn(words, part); i++) {
          const id = peerIdAt(words, part, this.#stride, i);
          addRecord(words, block, this.#stride, seeder, words, recordAt(part, this.#stride, i), id);
        }
        pointer += this.#sets.spanOf(set, part);
      }
    }
    addPartial(words, block, words[large + largeField.partial]);
    return block;
  }

  /** Gives back the swarm's memory. */
  free(large: number): void {
    this.#sets.free(large + largeField.leecherSet);
    this.#sets.free(large + largeField.seederSet);
    this.#allocator.free(large);
  }
}
