// Objects of fixed sizes out of 64 KiB chunks: which are free, and which chunk belongs to which size class.
//
// A class's chunks that have room form a list; a chunk whose objects are all free goes back to the pool, so memory can
// move from one class to another. Any thread may call; each class has a lock, the pool has another.

import { chunkRow, chunkShift, chunkTable, chunkWords, classRow, classTable, header } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { sizeClasses } from './size-classes.ts';

const objectWords = Int32Array.from(sizeClasses);
const objectsPerChunk = Int32Array.from(sizeClasses, (words) => Math.floor(chunkWords / words));

export class SlabAllocator {
  readonly #words: Int32Array;
  readonly #endChunk: number;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#endChunk = words[header.endChunk]!;
  }

  /** The word index of an object of the class, its content undefined; 0 when the memory limit is reached. */
  allocate(sizeClass: number): number {
    const words = this.#words;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    let chunk = words[row + classRow.partialChunk]!;
    if (chunk === 0) {
      chunk = this.#takeChunk(sizeClass);
      if (chunk === 0) {
        unlock(words, row + classRow.lock);
        return 0;
      }
      this.#link(row, chunk);
    }
    const info = chunkTable + chunk * chunkRow.size;
    let object = words[info + chunkRow.freeObject]!;
    if (object !== 0) words[info + chunkRow.freeObject] = words[object]!;
    else object = (chunk << chunkShift) + words[info + chunkRow.carved]!++ * objectWords[sizeClass]!;
    if (++words[info + chunkRow.used]! === objectsPerChunk[sizeClass]!) {
      this.#unlink(row, chunk);
      if (words[info + chunkRow.freed]! * 2 >= objectsPerChunk[sizeClass]!) this.#stamp(info);
    }
    unlock(words, row + classRow.lock);
    return object;
  }

  /** Gives an object back. */
  free(object: number): void {
    const words = this.#words;
    const chunk = object >>> chunkShift;
    const info = chunkTable + chunk * chunkRow.size;
    const sizeClass = words[info + chunkRow.sizeClass]!;
    const row = classTable + sizeClass * classRow.size;
    lock(words, row + classRow.lock);
    words[object] = words[info + chunkRow.freeObject]!;
    words[info + chunkRow.freeObject] = object;
    if (words[info + chunkRow.freed]! < objectsPerChunk[sizeClass]!) words[info + chunkRow.freed]!++;
    const used = --words[info + chunkRow.used]!;
    if (used === objectsPerChunk[sizeClass]! - 1) this.#link(row, chunk);
    // The last chunk of a class stays, or a swarm that comes and goes would take and return a chunk each time.
    if (used === 0 && (words[info + chunkRow.next] !== 0 || words[info + chunkRow.previous] !== 0)) {
      this.#unlink(row, chunk);
      this.#returnChunk(chunk);
    }
    unlock(words, row + classRow.lock);
  }

  /** Bytes of chunks that hold objects. */
  bytesInUse(): number {
    return Atomics.load(this.#words, header.chunksInUse) * chunkWords * 4;
  }

  #takeChunk(sizeClass: number): number {
    const words = this.#words;
    lock(words, header.poolLock);
    let chunk = words[header.freeChunk]!;
    if (chunk !== 0) words[header.freeChunk] = words[chunkTable + chunk * chunkRow.size + chunkRow.next]!;
    else if (words[header.nextFreshChunk]! < this.#endChunk) chunk = words[header.nextFreshChunk]!++;
    if (chunk !== 0) words[header.chunksInUse]!++;
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
    words[chunkTable + chunk * chunkRow.size + chunkRow.next] = words[header.freeChunk]!;
    words[header.freeChunk] = chunk;
    words[header.chunksInUse]!--;
    unlock(words, header.poolLock);
  }

  /** Notes that the chunk's objects are new, by and large. */
  #stamp(info: number): void {
    this.#words[info + chunkRow.filled] = Atomics.add(this.#words, header.chunksFilled, 1);
    this.#words[info + chunkRow.freed] = 0;
  }

  /** Last in the list: the chunk being filled goes on being filled, and one that loses objects may become free. */
  #link(row: number, chunk: number): void {
    const words = this.#words;
    const last = words[row + classRow.lastPartialChunk]!;
    words[chunkTable + chunk * chunkRow.size + chunkRow.previous] = last;
    words[chunkTable + chunk * chunkRow.size + chunkRow.next] = 0;
    if (last !== 0) words[chunkTable + last * chunkRow.size + chunkRow.next] = chunk;
    else words[row + classRow.partialChunk] = chunk;
    words[row + classRow.lastPartialChunk] = chunk;
  }

  #unlink(row: number, chunk: number): void {
    const words = this.#words;
    const previous = words[chunkTable + chunk * chunkRow.size + chunkRow.previous]!;
    const next = words[chunkTable + chunk * chunkRow.size + chunkRow.next]!;
    if (previous !== 0) words[chunkTable + previous * chunkRow.size + chunkRow.next] = next;
    else words[row + classRow.partialChunk] = next;
    if (next !== 0) words[chunkTable + next * chunkRow.size + chunkRow.previous] = previous;
    else words[row + classRow.lastPartialChunk] = previous;
  }
}
