// How memory that little lives in is got back: which chunks are worth emptying, and moving what lies in them elsewhere.
//
// Whoever walks the store's swarms anyway, the sweeper always and the evictor when memory is short, first lets `choose`
// mark chunks and then shows each swarm it meets to `tidy`: an object of a marked chunk moves to another chunk of its
// class, a block with too many free places into a smaller one, and a chunk that nothing is left in goes back to the
// pool. What is live is found through its owner, so nothing needs to know who refers to it. All kinds of objects move
// but the pages of the journal and the largest tables: they fill a chunk each.
//
// A class is let alone while its free places are no more than an eighth of those in use, and a chunk: with blocks of
// the right size (7 places for 6 peers, or so) that keeps bytes in use below 1.5 × what lives in them.

import type { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import {
  chunkRow,
  chunkTable,
  classRow,
  classTable,
  emptyingFlag,
  entryField,
  header,
  sizeClassMask,
} from './layout.ts';
import { sizeClasses } from './size-classes.ts';
import { objectsPerChunk, type SlabAllocator } from './slab-allocator.ts';
import type { SwarmEntries } from './swarm-entries.ts';

/** Chunks are told apart by how full they are, in so many degrees. */
const degrees = 32;

export class Compactor {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #table: InfoHashTable;
  readonly #families: readonly FamilyPeers[];
  /** For each class and degree, how many chunks there are, and then how many of them are to be emptied. */
  readonly #chunks = new Int32Array(sizeClasses.length * degrees);
  readonly #used = new Float64Array(sizeClasses.length);
  readonly #room = new Float64Array(sizeClasses.length);

  constructor(words: Int32Array, allocator: SlabAllocator, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#allocator = allocator;
    this.#table = table;
    this.#families = [entries.peers4, entries.peers6];
  }

  /**
   * Marks the chunks that are to be emptied, the emptiest of each class, and no others; returns how many. Called with no
   * shard locked.
   */
  choose(): number {
    let chosen = 0;
    this.#count();
    for (let sizeClass = 0; sizeClass < sizeClasses.length; sizeClass++) this.#decide(sizeClass);
    const words = this.#words;
    const end = words[header.nextFreshChunk];
    for (let chunk = words[header.firstChunk]; chunk < end; chunk++) {
      const row = chunkTable + chunk * chunkRow.size;
      const word = words[row + chunkRow.sizeClass];
      const sizeClass = word & sizeClassMask;
      const degree = degreeOf(sizeClass, words[row + chunkRow.used]);
      if (degree < 0 || this.#isBeingFilled(chunk, sizeClass)) continue;
      const isWanted = this.#chunks[sizeClass * degrees + degree] > 0;
      if (isWanted) {
        this.#chunks[sizeClass * degrees + degree]--;
        chosen++;
      }
      if (isWanted !== ((word & emptyingFlag) !== 0)) this.#allocator.setEmptying(chunk, sizeClass, isWanted);
    }
    return chosen;
  }

  /** Moves the table of a shard, whose lock is held, if it must. */
  tidyTable(shard: number): void {
    this.#table.moveTable(shard);
  }

  /** The entry in slot `position` of a shard whose lock is held, moved if it must; not what it refers to. */
  tidyEntry(shard: number, position: number): number {
    return this.#table.moveEntry(shard, position);
  }

  /** Whether tidying the families of an entry takes several slices. */
  isLarge(entry: number): boolean {
    return this.#words[entry + entryField.peers4] < 0 || this.#words[entry + entryField.peers6] < 0;
  }

  /** Moves the blocks of a swarm that is not large, and gives them the size that they need. */
  tidySmall(entry: number): void {
    for (let family = 0; family < 2; family++) {
      const refAt = entry + entryField.peers4 + family;
      if (this.#words[refAt] > 0) this.#families[family].shape.tidyBlock(refAt);
    }
  }

  /**
   * The same for a few blocks of a large swarm, from pointer `at` of the directory of set number `set` on (0 to 3: IPv4
   * leechers, seeders, IPv6). Returns where to go on, or −1 at the end: set << 16 | at.
   */
  tidyLarge(entry: number, set: number, at: number, blocks: number): number {
    let left = blocks;
    let from = at;
    for (let number = set; number < 4; number++, from = 0) {
      const peers = this.#families[number >>> 1];
      const refAt = entry + entryField.peers4 + (number >>> 1);
      if ((number & 1) === 0 && from === 0) this.#beginFamily(peers, refAt);
      while (this.#words[refAt] < 0 && from >= 0) {
        if (left-- === 0) return (number << 16) | from;
        from = peers.tidyInSet(refAt, (number & 1) === 1, from);
      }
    }
    return -1;
  }

  #beginFamily(peers: FamilyPeers, refAt: number): void {
    if (this.#words[refAt] < 0) peers.shape.tidyLarge(refAt);
    if (this.#words[refAt] > 0) peers.shape.tidyBlock(refAt);
  }

  #count(): void {
    const words = this.#words;
    this.#chunks.fill(0);
    this.#used.fill(0);
    this.#room.fill(0);
    const end = words[header.nextFreshChunk];
    for (let chunk = words[header.firstChunk]; chunk < end; chunk++) {
      const row = chunkTable + chunk * chunkRow.size;
      const sizeClass = words[row + chunkRow.sizeClass] & sizeClassMask;
      const used = words[row + chunkRow.used];
      this.#used[sizeClass] += used;
      const degree = degreeOf(sizeClass, used);
      if (degree < 0) continue;
      this.#room[sizeClass] += objectsPerChunk[sizeClass] - used;
      if (!this.#isBeingFilled(chunk, sizeClass)) this.#chunks[sizeClass * degrees + degree]++;
    }
  }

  /** Where new objects go: the newest are there, and those that are moved may go there too. */
  #isBeingFilled(chunk: number, sizeClass: number): boolean {
    return this.#words[classTable + sizeClass * classRow.size + classRow.partialChunk] === chunk;
  }

  /** Leaves in `#chunks` how many of each degree are to be emptied: so many that what lies there fits into the others. */
  #decide(sizeClass: number): void {
    const perChunk = objectsPerChunk[sizeClass];
    const used = this.#used[sizeClass];
    const room = this.#room[sizeClass];
    let left = room > used / 8 + perChunk ? Math.floor((room - used / 16) / perChunk) : 0;
    for (let at = sizeClass * degrees; at < (sizeClass + 1) * degrees; at++) {
      this.#chunks[at] = Math.min(this.#chunks[at], left);
      left -= this.#chunks[at];
    }
    if (used === 0) this.#allocator.returnLast(sizeClass);
  }
}

/** How full a chunk is, 0 to 31; −1 for a full one, and for one that nothing lies in or that is in the pool. */
function degreeOf(sizeClass: number, used: number): number {
  const perChunk = objectsPerChunk[sizeClass];
  return used <= 0 || used >= perChunk ? -1 : Math.floor((used * degrees) / perChunk);
}
