// Who owns which object of the store's memory: chunks and free lists as the allocator keeps them, against what is used.

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
} from '../layout.ts';
import { sizeClasses } from '../size-classes.ts';
import { lastInList, objectsPerChunk } from '../slab-allocator.ts';
import type { Findings } from './findings.ts';

const free = 1;
const owned = 2;

/** Made for one check of a store that nobody changes meanwhile. */
export class ObjectLedger {
  readonly #words: Int32Array;
  readonly #findings: Findings;
  /** For each word: whether an object that is free, or one that has an owner, begins there. */
  readonly #state: Uint8Array;
  readonly #isInPool: Uint8Array;
  readonly #ownedInChunk: Int32Array;
  readonly #end: number;
  /** Objects of each class that have an owner. */
  readonly objects = new Int32Array(sizeClasses.length);
  /** Chunks of each class. */
  readonly chunks = new Int32Array(sizeClasses.length);

  constructor(words: Int32Array, findings: Findings) {
    this.#words = words;
    this.#findings = findings;
    this.#end = words[header.nextFreshChunk];
    this.#state = new Uint8Array(this.#end << chunkShift);
    this.#isInPool = new Uint8Array(this.#end);
    this.#ownedInChunk = new Int32Array(this.#end);
    this.#readPool();
    for (let chunk = words[header.firstChunk]; chunk < this.#end; chunk++) this.#readChunk(chunk);
    for (let sizeClass = 0; sizeClass < sizeClasses.length; sizeClass++) this.#readClass(sizeClass);
  }

  /** Says that `owner` refers to an object of this class; false when that cannot be. */
  claim(object: number, sizeClass: number, owner: string): boolean {
    const chunk = object >>> chunkShift;
    const known = chunk >= this.#words[header.firstChunk] && chunk < this.#end && !this.#isInPool[chunk];
    if (!known) return this.#findings.add(`${owner} refers to word ${object}, which is no chunk in use`);
    const row = chunkTable + chunk * chunkRow.size;
    const actual = this.#words[row + chunkRow.sizeClass] & sizeClassMask;
    if (actual !== sizeClass)
      return this.#findings.add(`${owner} refers to an object of class ${actual}, not ${sizeClass}`);
    const offset = object - (chunk << chunkShift);
    const isObject =
      offset % sizeClasses[sizeClass] === 0 &&
      offset / sizeClasses[sizeClass] < this.#words[row + chunkRow.carved];
    if (!isObject) return this.#findings.add(`${owner} refers to word ${object}, where no object begins`);
    if (this.#state[object] === free)
      return this.#findings.add(`${owner} refers to the free object ${object}`);
    if (this.#state[object] === owned) return this.#findings.add(`${owner} shares the object ${object}`);
    this.#state[object] = owned;
    this.#ownedInChunk[chunk]++;
    this.objects[sizeClass]++;
    return true;
  }

  /** After all claims: says where more is in use than has an owner; not for classes that `mayMiss`. */
  settle(mayMiss: (sizeClass: number) => boolean): void {
    for (let chunk = this.#words[header.firstChunk]; chunk < this.#end; chunk++) {
      if (this.#isInPool[chunk]) continue;
      const row = chunkTable + chunk * chunkRow.size;
      const used = this.#words[row + chunkRow.used];
      const sizeClass = this.#words[row + chunkRow.sizeClass] & sizeClassMask;
      if (used === this.#ownedInChunk[chunk] || mayMiss(sizeClass)) continue;
      this.#findings.add(
        `chunk ${chunk} (class ${sizeClass}) has ${used} objects in use, ${this.#ownedInChunk[chunk]} of which have owners`,
      );
    }
  }

  #readPool(): void {
    const words = this.#words;
    let inPool = 0;
    for (let chunk = words[header.freeChunk]; chunk !== 0; inPool++) {
      const isChunk = chunk >= words[header.firstChunk] && chunk < this.#end;
      if (!isChunk || this.#isInPool[chunk]) {
        this.#findings.add(`the pool's list leads to chunk ${chunk}${isChunk ? ' twice' : ''}`);
        break;
      }
      this.#isInPool[chunk] = 1;
      chunk = words[chunkTable + chunk * chunkRow.size + chunkRow.next];
    }
    const inUse = this.#end - words[header.firstChunk] - inPool;
    this.#findings.expect('chunks in use', words[header.chunksInUse], inUse);
    if (this.#end > words[header.endChunk])
      this.#findings.add(`chunk ${this.#end - 1} lies beyond the limit`);
  }

  #readChunk(chunk: number): void {
    if (this.#isInPool[chunk]) return;
    const words = this.#words;
    const row = chunkTable + chunk * chunkRow.size;
    const sizeClass = words[row + chunkRow.sizeClass] & sizeClassMask;
    const size = sizeClasses[sizeClass];
    if (size === undefined) {
      this.#findings.add(`chunk ${chunk} has no size class`);
      return;
    }
    this.chunks[sizeClass]++;
    const start = chunk << chunkShift;
    const carved = words[row + chunkRow.carved];
    if (carved > Math.floor(chunkWords / size)) this.#findings.add(`chunk ${chunk} is carved beyond its end`);
    let freed = 0;
    for (let object = words[row + chunkRow.freeObject]; object !== 0; object = words[object], freed++) {
      const offset = object - start;
      const isObject = offset >= 0 && offset % size === 0 && offset / size < carved;
      if (!isObject || this.#state[object] !== 0) {
        this.#findings.add(`chunk ${chunk}'s free list leads to word ${object}${isObject ? ' twice' : ''}`);
        break;
      }
      this.#state[object] = free;
    }
    this.#findings.expect(`objects in use of chunk ${chunk}`, words[row + chunkRow.used], carved - freed);
  }

  /** The class's two lists, of chunks with room and of those being emptied, hold all of them and nothing else. */
  #readClass(sizeClass: number): void {
    const words = this.#words;
    const row = classTable + sizeClass * classRow.size;
    this.#findings.expect(`lock of class ${sizeClass}`, words[row + classRow.lock], 0);
    const withRoom = this.#readList(row + classRow.partialChunk, sizeClass);
    const emptying = this.#readList(row + classRow.emptyingChunk, sizeClass | emptyingFlag);
    let chunks = 0;
    for (let chunk = words[header.firstChunk]; chunk < this.#end; chunk++) {
      const at = chunkTable + chunk * chunkRow.size;
      const isOurs = (words[at + chunkRow.sizeClass] & sizeClassMask) === sizeClass;
      if (!this.#isInPool[chunk] && isOurs && this.#hasRoom(chunk)) chunks++;
    }
    this.#findings.expect(`listed chunks with room of class ${sizeClass}`, withRoom + emptying, chunks);
  }

  /** `marks` is what its chunks' class words hold; returns how many there are. */
  #readList(list: number, marks: number): number {
    const words = this.#words;
    const name = `class ${marks & sizeClassMask}'s list of chunks ${marks & emptyingFlag ? 'being emptied' : 'with room'}`;
    let listed = 0;
    let previous = 0;
    for (let chunk = words[list]; chunk !== 0; listed++) {
      const at = chunkTable + chunk * chunkRow.size;
      const isRight = chunk < this.#end && !this.#isInPool[chunk] && words[at + chunkRow.sizeClass] === marks;
      const isLinked = words[at + chunkRow.previous] === previous && listed <= this.#end;
      if (!isRight || !isLinked || !this.#hasRoom(chunk)) {
        this.#findings.add(`${name} is broken at chunk ${chunk}`);
        return listed;
      }
      previous = chunk;
      chunk = words[at + chunkRow.next];
    }
    this.#findings.expect(`the last of ${name}`, words[list + lastInList], previous);
    return listed;
  }

  #hasRoom(chunk: number): boolean {
    const row = chunkTable + chunk * chunkRow.size;
    const sizeClass = this.#words[row + chunkRow.sizeClass] & sizeClassMask;
    return this.#words[row + chunkRow.used] < objectsPerChunk[sizeClass];
  }
}
