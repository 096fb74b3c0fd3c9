// What the peers of one family of a swarm are kept in: nothing, a block of some size, or a large swarm; and when it is another.
//
// `refAt` is the word that refers to it, as in family-peers.ts. Where memory is full everything stays as it is.
// Callers hold the shard's lock.

import { classOf, copyBlock, depthOf, initBlock, peersIn } from './block.ts';
import { type LargeSwarms, largeField, setOf } from './large-swarm.ts';
import type { PeerSets } from './peer-set.ts';
import { capacityOfClass, stepFor, usualSteps } from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

/** A large swarm that has shrunk to this goes back into one block; well under the 128 at which it left one. */
const smallAgain = 96;

export class FamilyShape {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #stride: number;
  readonly #firstClass: number;
  readonly #sets: PeerSets;
  readonly #large: LargeSwarms;

  constructor(
    words: Int32Array,
    allocator: SlabAllocator,
    stride: number,
    firstClass: number,
    sets: PeerSets,
    large: LargeSwarms,
  ) {
    this.#words = words;
    this.#allocator = allocator;
    this.#stride = stride;
    this.#firstClass = firstClass;
    this.#sets = sets;
    this.#large = large;
  }

  /** Makes room for one more where there is nothing, or a full block; false when memory is full. */
  makeRoom(refAt: number): boolean {
    const words = this.#words;
    const ref = words[refAt];
    if (ref === 0) return this.reserve(refAt, 1);
    const step = classOf(words, ref) - this.#firstClass;
    return step < usualSteps ? this.#resize(refAt, step + 1) : this.#becomeLarge(refAt);
  }

  /** Gives a family without peers a block for so many (1 to 128), to be filled at once; false when memory is full. */
  reserve(refAt: number, peers: number): boolean {
    const sizeClass = this.#firstClass + stepFor(peers);
    const block = this.#allocator.allocate(sizeClass);
    if (block === 0) return false;
    initBlock(this.#words, block, sizeClass, 0);
    this.#words[refAt] = block;
    return true;
  }

  /** Frees an empty block, and gives one that is less than half full a smaller one. */
  shrink(refAt: number): void {
    const words = this.#words;
    const block = words[refAt];
    const count = peersIn(words, block);
    if (count === 0) {
      this.#allocator.free(block);
      words[refAt] = 0;
      return;
    }
    const step = classOf(words, block) - this.#firstClass;
    if (step >= 3 && count <= capacityOfClass[this.#firstClass + step - 3])
      this.#resize(refAt, stepFor(count) + 1);
  }

  /** Puts the few peers left of a large swarm into one block. */
  shrinkLarge(refAt: number): void {
    const large = -this.#words[refAt];
    if (this.#words[large + largeField.leechers] + this.#words[large + largeField.seeders] > smallAgain)
      return;
    const block = this.#large.toBlock(large);
    if (block === 0) return;
    this.#words[refAt] = block;
    this.#large.free(large);
  }

  /** Takes all peers out. */
  clear(refAt: number): void {
    const ref = this.#words[refAt];
    if (ref > 0) this.#allocator.free(ref);
    else if (ref < 0) this.#large.free(-ref);
    this.#words[refAt] = 0;
  }

  /** Gives a block the size that it needs, and moves it out of a chunk that is being emptied. */
  tidyBlock(refAt: number): void {
    const block = this.#words[refAt];
    const step = stepFor(peersIn(this.#words, block));
    if (this.#firstClass + step < classOf(this.#words, block)) this.#resize(refAt, step);
    else if (this.#allocator.isEmptying(block)) this.#moveOut(refAt, block, 1);
  }

  /** The same for a large swarm as such and its directories, but not for the blocks of its sets. */
  tidyLarge(refAt: number): void {
    this.shrinkLarge(refAt);
    const ref = this.#words[refAt];
    if (ref >= 0) return;
    if (this.#allocator.isEmptying(-ref)) this.#moveOut(refAt, -ref, -1);
    this.#sets.tidyDirectory(setOf(this.#words[refAt], false));
    this.#sets.tidyDirectory(setOf(this.#words[refAt], true));
  }

  /** `sign` is that of the reference. */
  #moveOut(refAt: number, object: number, sign: 1 | -1): void {
    const copy = this.#allocator.copyOut(object);
    if (copy === 0) return;
    this.#words[refAt] = sign * copy;
    this.#allocator.free(object);
  }

  #resize(refAt: number, step: number): boolean {
    const block = this.#words[refAt];
    const other = this.#allocator.allocate(this.#firstClass + step);
    if (other === 0) return false;
    initBlock(this.#words, other, this.#firstClass + step, depthOf(this.#words, block));
    copyBlock(this.#words, block, other, this.#stride);
    this.#words[refAt] = other;
    this.#allocator.free(block);
    return true;
  }

  #becomeLarge(refAt: number): boolean {
    const block = this.#words[refAt];
    const large = this.#large.fromBlock(block);
    if (large === 0) return false;
    this.#words[refAt] = -large;
    this.#allocator.free(block);
    return true;
  }
}
