// Which peers have changed since somebody began to follow the store: their names only, so the order of the changes of one
// peer does not matter; what has become of it is looked up when the names are read.
//
// There are two readers, who may be in two threads: a copy of the store for another process, and the cluster, which tells
// other machines. While there is none, an announce pays one look at the header. While there is one, it adds eleven words
// to a page:
//
//   page   next page | words in use | readers | names …    a page is a chunk, from the same memory as everything else,
//                                                          a sixteenth of it at most; it goes when all have read it
//   name   info_hash (5 words) | family, or what of the whole swarm, and what happened | address (4 words) | port in wire order
//
// `note…` is called with the shard's lock held, before or after the change: the reader takes the same lock.
//
// A peer that only stays is no news to other machines, as long as their copy of it does not grow old. So they are told
// once a window, which is a third of the time after which a peer is forgotten: of the first announce in it, which can be
// seen from when the peer was last seen. The windows of peers begin at different times.
//
// Its pages come from the sixteenth that eviction keeps free. In a store below 16 MiB, which no option allows, that is
// four chunks, and a flood can have them when a page is needed; then the copy is given up, as when the journal is full.

import { infoHashWords } from '../protocol/info-hash.ts';
import { chunkWords, header } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { maxTableBits, sizeClasses, tableClass } from './size-classes.ts';
import type { SlabAllocator } from './slab-allocator.ts';
import { windowOf } from './tick.ts';

/** Who reads the journal: the bit in the header and in a page. */
export const JournalReader = { copy: 1, cluster: 2 } as const;
export type JournalReader = (typeof JournalReader)[keyof typeof JournalReader];
const readers = [JournalReader.copy, JournalReader.cluster];

/**
 * What a name says beside the family (4, 6, or a `changeOfSwarm`) about how it came there; `stays` of a peer that was there
 * as it is, of which only when it was seen last is another.
 */
export const ChangeFlag = { completed: 0x100, stopped: 0x200, asked: 0x400, stays: 0x800 } as const;
export const familyMask = 0xff;

export const journalPage = { next: 0, end: 1, readers: 2, size: 3 } as const;
/** `family` holds a `ChangeFlag` too. */
export const changeName = { infoHash: 0, family: 5, address: 6, port: 10, size: 11 } as const;
/** Instead of a family, where not one peer has changed: the swarm is forgotten, or no more than its counter is another. */
export const changeOfSwarm = { forgotten: 0, downloaded: 1 } as const;
const pageClass = tableClass(maxTableBits);
if (sizeClasses[pageClass] !== chunkWords) throw new RangeError('a page of the journal is no chunk');
export const namesPerPage = Math.floor((chunkWords - journalPage.size) / changeName.size);
const pageEnd = journalPage.size + namesPerPage * changeName.size;
/** Beside a page's readers: one has begun to read it, so nothing is added any more. */
const sealedFlag = 0x100;

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

  /** Whether another process copies the store, which has to hear of everything. */
  get isCopied(): boolean {
    return (this.#words[header.journalOpen] & JournalReader.copy) !== 0;
  }

  /**
   * Whether nobody needs to hear that a peer has announced that stays as it was.
   * @param seen the tick in which it announced the last time
   */
  isNoNews(seen: number, tick: number, address: number, port: number): boolean {
    const words = this.#words;
    if (words[header.journalOpen] !== JournalReader.cluster) return false;
    const window = words[header.refreshTicks];
    const offset = Math.imul(address ^ port, 0x9e3779b1) >>> 16;
    return windowOf(seen, offset, window) === windowOf(tick, offset, window);
  }

  /** From here on every change is noted for this reader, by all threads. */
  open(reader: JournalReader): void {
    const words = this.#words;
    lock(words, header.journalLock);
    words[header.journalLost] &= ~reader;
    // The row of one that could not be told everything ends here: it has no part in what follows.
    if (words[header.journalLost] !== 0) words[header.journalLastPage] = 0;
    const last = words[header.journalLastPage];
    const isWritten = last !== 0 && (words[last + journalPage.readers] & sealedFlag) === 0;
    // The names that stand there already do no harm.
    if (isWritten) words[last + journalPage.readers] |= reader;
    words[nextPageOf(reader)] = isWritten ? last : 0;
    Atomics.or(words, header.journalOpen, reader);
    unlock(words, header.journalLock);
  }

  /** Ends the noting for this reader and forgets what was noted. */
  close(reader: JournalReader): void {
    Atomics.and(this.#words, header.journalOpen, ~reader);
    for (let page = this.takePage(reader); page !== 0; page = this.takePage(reader))
      this.freePage(reader, page);
  }

  /** Whether it has a quarter of the pages that it may have: its readers should take some out. */
  get isFilling(): boolean {
    return Atomics.load(this.#words, header.journalPages) * 4 >= this.#words[header.maxJournalPages];
  }

  /** Whether a change could not be noted for this reader since `open`, because the journal or the memory was full. */
  isIncomplete(reader: JournalReader): boolean {
    return (Atomics.load(this.#words, header.journalLost) & reader) !== 0;
  }

  /**
   * A peer has come, announced or left. `port` is in wire order, as a record holds it.
   * @param happened of `ChangeFlag`
   */
  notePeer(
    infoHash: Int32Array,
    infoHashAt: number,
    family: 4 | 6,
    address: Int32Array,
    addressAt: number,
    port: number,
    happened = 0,
  ): void {
    const at = this.#begin(infoHash, infoHashAt, family | happened);
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

  /** The reader's next page, for it to read and give back; 0 when it has had all that was noted. */
  takePage(reader: JournalReader): number {
    const words = this.#words;
    lock(words, header.journalLock);
    const page = words[nextPageOf(reader)];
    if (page !== 0) {
      words[nextPageOf(reader)] = words[page + journalPage.next];
      words[page + journalPage.readers] |= sealedFlag;
    }
    unlock(words, header.journalLock);
    return page;
  }

  /** Gives a page back that was taken. Whoever reads the last reads in order too, so pages go in the order of their row. */
  freePage(reader: JournalReader, page: number): void {
    const words = this.#words;
    lock(words, header.journalLock);
    words[page + journalPage.readers] &= ~reader;
    if (words[page + journalPage.readers] === sealedFlag) {
      if (words[header.journalLastPage] === page) words[header.journalLastPage] = 0;
      this.#allocator.free(page);
      Atomics.sub(words, header.journalPages, 1);
    }
    unlock(words, header.journalLock);
  }

  /** Where the rest of the name is to be written, with the lock held; 0, and no lock, when it cannot be. */
  #begin(infoHash: Int32Array, infoHashAt: number, family: number): number {
    const words = this.#words;
    lock(words, header.journalLock);
    const noted = words[header.journalOpen] & ~words[header.journalLost];
    const page = noted === 0 ? 0 : this.#pageWithRoom(noted);
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

  #pageWithRoom(noted: number): number {
    const words = this.#words;
    const last = words[header.journalLastPage];
    if (
      last !== 0 &&
      words[last + journalPage.end] < pageEnd &&
      (words[last + journalPage.readers] & sealedFlag) === 0
    )
      return last;
    const isFull = Atomics.load(words, header.journalPages) >= words[header.maxJournalPages];
    const page = isFull ? 0 : this.#allocator.allocate(pageClass);
    if (page === 0) {
      words[header.journalLost] |= noted;
      return 0;
    }
    Atomics.add(words, header.journalPages, 1);
    words[page + journalPage.next] = 0;
    words[page + journalPage.end] = journalPage.size;
    words[page + journalPage.readers] = noted;
    if (last !== 0) words[last + journalPage.next] = page;
    for (const reader of readers) {
      if ((noted & reader) !== 0 && words[nextPageOf(reader)] === 0) words[nextPageOf(reader)] = page;
    }
    words[header.journalLastPage] = page;
    return page;
  }
}

/** The word of the header that holds the reader's next page. */
function nextPageOf(reader: JournalReader): number {
  return header.journalNextPages + reader - 1;
}
