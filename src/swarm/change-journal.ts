// Which peers have changed since another process began to copy the store: their names only, so the order of the changes
// of one peer does not matter; what has become of it is looked up when the names are read.
//
// While nobody copies, an announce pays one look at the header. While somebody does, it adds eleven words to a page:
//
//   page   next page | words in use | names …      a page is a chunk, from the same memory as everything else,
//                                                  a sixteenth of it at most
//   name   info_hash (5 words) | 4, 6, or what of the whole swarm | address (4 words) | port in wire order
//
// `note…` is called with the shard's lock held, before or after the change: the reader takes the same lock.
//
// Its pages come from the sixteenth that eviction keeps free. In a store below 16 MiB, which no option allows, that is
// four chunks, and a flood can have them when a page is needed; then the copy is given up, as when the journal is full.

import { infoHashWords } from '../protocol/info-hash.ts';
import { chunkWords, header } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { maxTableBits, sizeClasses, tableClass } from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';

export const journalPage = { next: 0, end: 1, size: 2 } as const;
export const changeName = { infoHash: 0, family: 5, address: 6, port: 10, size: 11 } as const;
/** Instead of a family, where not one peer has changed: the swarm is forgotten, or no more than its counter is another. */
export const changeOfSwarm = { forgotten: 0, downloaded: 1 } as const;
const pageClass = tableClass(maxTableBits);
if (sizeClasses[pageClass] !== chunkWords) throw new RangeError('a page of the journal is no chunk');
export const namesPerPage = Math.floor((chunkWords - journalPage.size) / changeName.size);
const pageEnd = journalPage.size + namesPerPage * changeName.size;

export class ChangeJournal {
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;

  constructor(words: Int32Array, allocator: SlabAllocator) {
    this.#words = words;
    this.#allocator = allocator;
  }

  /** Whether changes are to be noted. Callers hold a shard's lock, so that none is missed that follows `open`. */
  get isOpen(): boolean {
    return this.#words[header.journalOpen] !== 0;
  }

  /** From here on every change is noted, by all threads. */
  open(): void {
    Atomics.store(this.#words, header.journalLost, 0);
    Atomics.store(this.#words, header.journalOpen, 1);
  }

  /** Ends the noting and forgets what was noted. */
  close(): void {
    Atomics.store(this.#words, header.journalOpen, 0);
    for (let page = this.takePages(); page !== 0; ) page = this.freePage(page);
  }

  /** Whether it has a quarter of the pages that it may have: its reader should take some out. */
  get isFilling(): boolean {
    return Atomics.load(this.#words, header.journalPages) * 4 >= this.#words[header.maxJournalPages];
  }

  /** Whether a change could not be noted since `open`, because the journal or the memory was full. */
  get isIncomplete(): boolean {
    return Atomics.load(this.#words, header.journalLost) !== 0;
  }

  /** A peer has come, announced or left. `port` is in wire order, as a record holds it. */
  notePeer(
    infoHash: Int32Array,
    infoHashAt: number,
    family: 4 | 6,
    address: Int32Array,
    addressAt: number,
    port: number,
  ): void {
    const at = this.#begin(infoHash, infoHashAt, family);
    if (at === 0) return;
    const addressWords = family === 4 ? 1 : 4;
    for (let i = 0; i < addressWords; i++) this.#words[at + changeName.address + i] = address[addressAt + i];
    this.#words[at + changeName.port] = port;
    unlock(this.#words, header.journalLock);
  }

  /** A swarm was forgotten, with all its peers and its counter. */
  noteSwarm(infoHash: Int32Array, infoHashAt: number): void {
    this.#noteWhole(infoHash, infoHashAt, changeOfSwarm.forgotten);
  }

  /** A swarm's `downloaded` has changed, and by no peer whose name is noted. */
  noteDownload(infoHash: Int32Array, infoHashAt: number): void {
    this.#noteWhole(infoHash, infoHashAt, changeOfSwarm.downloaded);
  }

  #noteWhole(infoHash: Int32Array, infoHashAt: number, change: number): void {
    if (this.#begin(infoHash, infoHashAt, change) !== 0) unlock(this.#words, header.journalLock);
  }

  /** Takes all pages out and returns the first of them; 0 when nothing was noted since the last time. */
  takePages(): number {
    const words = this.#words;
    lock(words, header.journalLock);
    const first = words[header.journalFirstPage];
    words[header.journalFirstPage] = words[header.journalLastPage] = 0;
    unlock(words, header.journalLock);
    return first;
  }

  /** Gives a page that was taken out back, and returns the next one of its row. */
  freePage(page: number): number {
    const next = this.#words[page + journalPage.next];
    this.#allocator.free(page);
    Atomics.sub(this.#words, header.journalPages, 1);
    return next;
  }

  /** Where the rest of the name is to be written, with the lock held; 0, and no lock, when it cannot be. */
  #begin(infoHash: Int32Array, infoHashAt: number, family: number): number {
    const words = this.#words;
    lock(words, header.journalLock);
    const isNoted = words[header.journalOpen] !== 0 && words[header.journalLost] === 0;
    const page = isNoted ? this.#pageWithRoom() : 0;
    if (page === 0) {
      unlock(words, header.journalLock);
      return 0;
    }
    const at = page + words[page + journalPage.end];
    words[page + journalPage.end] += changeName.size;
    for (let i = 0; i < infoHashWords; i++) words[at + i] = infoHash[infoHashAt + i];
    words[at + changeName.family] = family;
    return at;
  }

  #pageWithRoom(): number {
    const words = this.#words;
    const last = words[header.journalLastPage];
    if (last !== 0 && words[last + journalPage.end] < pageEnd) return last;
    const isFull = Atomics.load(words, header.journalPages) >= words[header.maxJournalPages];
    const page = isFull ? 0 : this.#allocator.allocate(pageClass);
    if (page === 0) {
      words[header.journalLost] = 1;
      return 0;
    }
    Atomics.add(words, header.journalPages, 1);
    words[page + journalPage.next] = 0;
    words[page + journalPage.end] = journalPage.size;
    if (last === 0) words[header.journalFirstPage] = page;
    else words[last + journalPage.next] = page;
    words[header.journalLastPage] = page;
    return page;
  }
}
