// Objects of fixed sizes out of 64 KiB chunks: which are free, and which chunk belongs to which size class.
//
// A class's chunks that have room form a list; a chunk whose objects are all free goes back to the pool, so memory can
// move from one class to another. A second list holds chunks that are being emptied (compactor.ts): nothing new is put
// there until the others are full. Any thread may call; each class has a lock, the pool has another.

import { chunkAge } from './chunk-age.ts';
import {
  chunkRow,
  chunkShift,
  chunkTable,
  chunkWords,
  classRow,
  classTable,
  emptyingFlag,
  header,
  sizeClassMask,
} from './layout.ts';
import { lock, unlock } from './lock.ts';
import { sizeClasses } from './size-classes.ts';

const objectWords = Int32Array.from(sizeClasses);
/** How many objects of each class fit into a chunk. */
export const objectsPerChunk = Int32Array.from(sizeClasses, (words) => Math.floor(chunkWords / words));

/** A list of chunks is two words of a class's row: the first chunk, and the last. */
export const lastInList = 1;

export class SlabAllocator {
  readonly #words: Int32Array;
  readonly #endChunk: number;
  readonly #allShards: number;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#endChunk = words[header.endChunk];
    this.#allShards = 2 << words[header.shardBits];
  }

  /** The word index of an object of the class, its content undefined; 0 when the memory limit is reached. */
  allocate(sizeClass: number): number {
    const words = this.#words;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    let chunk = words[row + classRow.partialChunk];
    if (chunk === 0 || this.#isBeingCleared(chunk)) chunk = this.#nextToFill(row, sizeClass, chunk);
    if (chunk === 0) {
      unlock(words, row + classRow.lock);
      return 0;
    }
    const object = this.#take(sizeClass, chunk);
    unlock(words, row + classRow.lock);
    return object;
  }

  /** Gives an object back. */
  free(object: number): void {
    const words = this.#words;
    const chunk = object >>> chunkShift;
    const info = chunkTable + chunk * chunkRow.size;
    // Whose class it is cannot change while it holds this object; whether it is being emptied can, until it is locked.
    const sizeClass = words[info + chunkRow.sizeClass] & sizeClassMask;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    words[object] = words[info + chunkRow.freeObject];
    words[info + chunkRow.freeObject] = object;
    if (words[info + chunkRow.freed] < objectsPerChunk[sizeClass]) words[info + chunkRow.freed]++;
    const used = --words[info + chunkRow.used];
    if ((words[info + chunkRow.sizeClass] & emptyingFlag) !== 0) {
      if (used === 0) {
        this.#unlink(row + classRow.emptyingChunk, chunk);
        this.#returnChunk(chunk);
      }
    } else {
      if (used === objectsPerChunk[sizeClass] - 1) this.#link(row + classRow.partialChunk, chunk);
      // The last chunk of a class stays, or a swarm that comes and goes would take and return a chunk each time.
      if (used === 0 && (words[info + chunkRow.next] !== 0 || words[info + chunkRow.previous] !== 0)) {
        this.#unlink(row + classRow.partialChunk, chunk);
        this.#returnChunk(chunk);
      }
    }
    unlock(words, row + classRow.lock);
  }

  /** Whether the object's chunk is being emptied. */
  isEmptying(object: number): boolean {
    const info = chunkTable + (object >>> chunkShift) * chunkRow.size;
    return (this.#words[info + chunkRow.sizeClass] & emptyingFlag) !== 0;
  }

  /**
   * A copy of an object whose chunk is being emptied, in a chunk that is not; 0 when there is no room in one that the
   * class has. The caller makes its owner refer to the copy, and then frees the object.
   */
  copyOut(object: number): number {
    const words = this.#words;
    const info = chunkTable + (object >>> chunkShift) * chunkRow.size;
    const sizeClass = words[info + chunkRow.sizeClass] & sizeClassMask;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    const isEmptying = (words[info + chunkRow.sizeClass] & emptyingFlag) !== 0;
    const chunk = isEmptying ? words[row + classRow.partialChunk] : 0;
    const copy = chunk === 0 ? 0 : this.#take(sizeClass, chunk);
    if (copy !== 0) this.#passOnAge(info, chunkTable + chunk * chunkRow.size);
    unlock(words, row + classRow.lock);
    if (copy !== 0) words.copyWithin(copy, object, object + objectWords[sizeClass]);
    return copy;
  }

  /** Begins to empty a chunk of the class, or no longer wants to. */
  setEmptying(chunk: number, sizeClass: number, isWanted: boolean): void {
    const words = this.#words;
    const info = chunkTable + chunk * chunkRow.size;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    const used = words[info + chunkRow.used];
    const now = isWanted ? sizeClass : sizeClass | emptyingFlag;
    // It may have been filled, given back, or taken by another class since it was chosen.
    if (words[info + chunkRow.sizeClass] === now && used > 0 && used < objectsPerChunk[sizeClass]) {
      this.#unlink(row + (isWanted ? classRow.partialChunk : classRow.emptyingChunk), chunk);
      this.#link(row + (isWanted ? classRow.emptyingChunk : classRow.partialChunk), chunk);
      words[info + chunkRow.sizeClass] = now ^ emptyingFlag;
    }
    unlock(words, row + classRow.lock);
  }

  /** Gives back the class's last chunk, if there is nothing in it. */
  returnLast(sizeClass: number): void {
    const words = this.#words;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    const chunk = words[row + classRow.partialChunk];
    if (chunk !== 0 && words[chunkTable + chunk * chunkRow.size + chunkRow.used] === 0) {
      this.#unlink(row + classRow.partialChunk, chunk);
      this.#returnChunk(chunk);
    }
    unlock(words, row + classRow.lock);
  }

  /** Bytes of chunks that hold objects. */
  bytesInUse(): number {
    return Atomics.load(this.#words, header.chunksInUse) * chunkWords * 4;
  }

  /** An object of a chunk that has room; with the class's lock held. */
  #take(sizeClass: number, chunk: number): number {
    const words = this.#words;
    const info = chunkTable + chunk * chunkRow.size;
    let object = words[info + chunkRow.freeObject];
    if (object !== 0) words[info + chunkRow.freeObject] = words[object];
    else object = (chunk << chunkShift) + words[info + chunkRow.carved]++ * objectWords[sizeClass];
    if (++words[info + chunkRow.used] === objectsPerChunk[sizeClass]) {
      this.#unlink(classTable + sizeClass * classRow.size + classRow.partialChunk, chunk);
      if (words[info + chunkRow.freed] * 2 >= objectsPerChunk[sizeClass]) this.#stamp(info);
    }
    return object;
  }

  /** Whether a pass of eviction is under way that clears chunks as old as this one: what is new would go with it. */
  #isBeingCleared(chunk: number): boolean {
    const words = this.#words;
    if (words[header.evictShard] === this.#allShards) return false;
    const filled = words[chunkTable + chunk * chunkRow.size + chunkRow.filled];
    return chunkAge(words, filled) >= chunkAge(words, words[header.evictUpTo]);
  }

  /** The chunk to go on with when there is none with room, or only `cleared`; 0 when memory is full. */
  #nextToFill(row: number, sizeClass: number, cleared: number): number {
    const reopened = cleared === 0 ? this.#reopen(row) : 0;
    if (reopened !== 0) return reopened;
    const fresh = this.#takeChunk(sizeClass);
    if (fresh === 0) return cleared;
    this.#linkFirst(row + classRow.partialChunk, fresh);
    return fresh;
  }

  /** The class has grown since it was chosen what to empty: a chunk of that takes objects again. 0 when there is none. */
  #reopen(row: number): number {
    const words = this.#words;
    const chunk = words[row + classRow.emptyingChunk];
    if (chunk === 0) return 0;
    this.#unlink(row + classRow.emptyingChunk, chunk);
    words[chunkTable + chunk * chunkRow.size + chunkRow.sizeClass] ^= emptyingFlag;
    this.#link(row + classRow.partialChunk, chunk);
    return chunk;
  }

  #takeChunk(sizeClass: number): number {
    const words = this.#words;
    lock(words, header.poolLock);
    let chunk = words[header.freeChunk];
    if (chunk !== 0) words[header.freeChunk] = words[chunkTable + chunk * chunkRow.size + chunkRow.next];
    else if (words[header.nextFreshChunk] < this.#endChunk) chunk = words[header.nextFreshChunk]++;
    if (chunk !== 0) words[header.chunksInUse]++;
    unlock(words, header.poolLock);
    if (chunk === 0) return 0;
    const info = chunkTable + chunk * chunkRow.size;
    words[info + chunkRow.sizeClass] = sizeClass;
    words[info + chunkRow.used] = 0;
    words[info + chunkRow.freeObject] = 0;
    words[info + chunkRow.carved] = 0;
    this.#stamp(info);
    return chunk;
  }

  #returnChunk(chunk: number): void {
    const words = this.#words;
    lock(words, header.poolLock);
    words[chunkTable + chunk * chunkRow.size + chunkRow.next] = words[header.freeChunk];
    words[header.freeChunk] = chunk;
    words[header.chunksInUse]--;
    unlock(words, header.poolLock);
  }

  /** Notes that the chunk's objects are new, by and large. */
  #stamp(info: number): void {
    this.#words[info + chunkRow.filled] = Atomics.add(this.#words, header.chunksFilled, 1);
    this.#words[info + chunkRow.freed] = 0;
  }

  /** What is new stays new where it is moved to, and makes the others there a little younger. */
  #passOnAge(from: number, to: number): void {
    const words = this.#words;
    const filled = words[from + chunkRow.filled];
    if (chunkAge(words, filled) < chunkAge(words, words[to + chunkRow.filled]))
      words[to + chunkRow.filled] = filled;
  }

  /** Last in the list: the chunk being filled goes on being filled, and one that loses objects may become free. */
  #link(list: number, chunk: number): void {
    const words = this.#words;
    const last = words[list + lastInList];
    words[chunkTable + chunk * chunkRow.size + chunkRow.previous] = last;
    words[chunkTable + chunk * chunkRow.size + chunkRow.next] = 0;
    if (last !== 0) words[chunkTable + last * chunkRow.size + chunkRow.next] = chunk;
    else words[list] = chunk;
    words[list + lastInList] = chunk;
  }

  #linkFirst(list: number, chunk: number): void {
    const words = this.#words;
    const first = words[list];
    words[chunkTable + chunk * chunkRow.size + chunkRow.previous] = 0;
    words[chunkTable + chunk * chunkRow.size + chunkRow.next] = first;
    if (first !== 0) words[chunkTable + first * chunkRow.size + chunkRow.previous] = chunk;
    else words[list + lastInList] = chunk;
    words[list] = chunk;
  }

  #unlink(list: number, chunk: number): void {
    const words = this.#words;
    const previous = words[chunkTable + chunk * chunkRow.size + chunkRow.previous];
    const next = words[chunkTable + chunk * chunkRow.size + chunkRow.next];
    if (previous !== 0) words[chunkTable + previous * chunkRow.size + chunkRow.next] = next;
    else words[list] = next;
    if (next !== 0) words[chunkTable + next * chunkRow.size + chunkRow.previous] = previous;
    else words[list + lastInList] = previous;
  }
}
