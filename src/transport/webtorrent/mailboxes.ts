// What threads pass each other for connections that another one holds: a ring of bytes in shared memory for each pair.
//
//   header (16 words: generation, open connections) | a row a thread (16 words: signal) | a ring a pair
//   ring   head | 15 words | tail | 15 words | `ringBytes` of letters
//
// Only the sender of a pair moves its ring's tail, and only its receiver the head, so nobody waits for anybody. A ring
// that is full takes no more: what was to go there is dropped and counted, for an offer that nobody answers is made
// again. A receiver is woken by the letter that found its ring empty.

import { mostThreads } from '../../tracker/connection-peers.ts';

const lineWords = 16;
const headerWords = lineWords;
const header = { generation: 0, open: 1 } as const;
const rowWords = lineWords;
const ringHeadWords = 2 * lineWords;
const headAt = 0;
const tailAt = lineWords;
/** Of all rings that lead to one thread. */
const bytesPerThread = 1 << 20;
const usualRingBytes = 128 * 1024;
/** Of all rings together, where there are many threads; memory that is not used is not taken. */
const mostBytes = 2 ** 29;
/** Room for a few letters. */
const fewestRingBytes = 8192;

/** A letter's first words; its bytes follow. */
const letter = { bytes: 0, kind: 1, place: 2, generation: 3, low: 4, high: 5, size: 6 } as const;
const letterHeadBytes = letter.size * 4;
/** In place of a letter's size: the ring goes on at its beginning. */
const wrap = -1;

if (Math.max(...Object.values(header)) >= headerWords)
  throw new RangeError("the mailboxes' header is too small");
// Of its two ends each thread has written one: in one cache line they would take it from each other.
if (tailAt - headAt < lineWords || tailAt + lineWords > ringHeadWords || ringHeadWords % lineWords !== 0)
  throw new RangeError("a ring's head and tail share a cache line, or reach into its letters");
if ((usualRingBytes | fewestRingBytes) % (lineWords * 4) !== 0 || fewestRingBytes < 2 * letterHeadBytes)
  throw new RangeError('a ring is no whole number of cache lines, or has no room for a letter');

/** What was posted: the head's numbers, and where its bytes are until the call returns. */
export interface Letter {
  kind: number;
  /** The connection that it is for. */
  place: number;
  generation: number;
  low: number;
  high: number;
  bytes: Uint8Array;
  at: number;
  end: number;
}

export class Mailboxes {
  /** Hand it to other threads. */
  readonly buffer: SharedArrayBuffer;
  /** Letters that found no room, posted by this thread. */
  dropped = 0;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #threads: number;
  readonly #ringBytes: number;
  readonly #own: number;
  readonly #wake: (thread: number) => void;
  readonly #letter: Letter;

  /** `own`: this thread's number. `wake`: has another thread call `read`; by default it waits for `signal` itself. */
  constructor(buffer: SharedArrayBuffer, threads: number, own: number, wake?: (thread: number) => void) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#threads = threads;
    this.#ringBytes = ringBytesFor(threads);
    this.#own = own;
    this.#wake = wake ?? (() => {});
    this.#letter = { kind: 0, place: 0, generation: 0, low: 0, high: 0, bytes: this.#bytes, at: 0, end: 0 };
  }

  /** For `threads` threads. Memory is taken as it is used. */
  static create(threads: number): SharedArrayBuffer {
    if (threads > mostThreads)
      throw new RangeError(`a place can name ${mostThreads} threads, not ${threads}`);
    const ring = ringHeadWords * 4 + ringBytesFor(threads);
    return new SharedArrayBuffer((headerWords + threads * rowWords) * 4 + threads * threads * ring);
  }

  /** A number that no other connection of any thread has or had; an int32, as it is kept in records and letters. */
  nextGeneration(): number {
    return (Atomics.add(this.#words, header.generation, 1) + 1) | 0;
  }

  /** The number that was given last. */
  get lastGeneration(): number {
    return Atomics.load(this.#words, header.generation);
  }

  /** Connections of all threads. */
  get open(): number {
    return Atomics.load(this.#words, header.open);
  }

  countOpen(change: number): void {
    Atomics.add(this.#words, header.open, change);
  }

  /** The word that is counted up when there are letters for this thread: for `Atomics.waitAsync`. */
  get signal(): { words: Int32Array; at: number } {
    return { words: this.#words, at: headerWords + this.#own * rowWords };
  }

  /** Posts a letter to another thread; false when there is no room. */
  post(
    thread: number,
    kind: number,
    place: number,
    generation: number,
    low: number,
    high: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): boolean {
    const ring = this.#ringAt(this.#own, thread);
    const words = this.#words;
    const size = this.#ringBytes;
    const needed = letterHeadBytes + ((end - at + 3) & ~3);
    const head = Atomics.load(words, ring + headAt);
    const tail = words[ring + tailAt];
    // Both run from 0 to size − 1; one letter never fills the ring to the last word, so equal means empty.
    let to = tail;
    const room = head <= tail ? size - tail : head - tail - 4;
    if (room < needed || (head === 0 && room === needed)) {
      if (head > tail || head - 4 < needed) {
        this.dropped++;
        return false;
      }
      words[ring + ringHeadWords + tail / 4] = wrap;
      to = 0;
    }
    const word = ring + ringHeadWords + to / 4;
    words[word + letter.bytes] = end - at;
    words[word + letter.kind] = kind;
    words[word + letter.place] = place;
    words[word + letter.generation] = generation;
    words[word + letter.low] = low;
    words[word + letter.high] = high;
    this.#bytes.set(bytes.subarray(at, end), word * 4 + letterHeadBytes);
    Atomics.store(words, ring + tailAt, (to + needed) % size);
    // After the tail: a reader that has just found the ring empty has either seen this letter or is seen here.
    if (Atomics.load(words, ring + headAt) === tail) this.#signal(thread);
    return true;
  }

  /** Calls `take` with each letter for this thread; the same object each time. */
  read(take: (letter: Letter) => void): void {
    for (let sender = 0; sender < this.#threads; sender++) {
      if (sender !== this.#own) this.#readRing(this.#ringAt(sender, this.#own), take);
    }
  }

  #readRing(ring: number, take: (letter: Letter) => void): void {
    const words = this.#words;
    let head = words[ring + headAt];
    while (head !== Atomics.load(words, ring + tailAt)) {
      const word = ring + ringHeadWords + head / 4;
      const length = words[word + letter.bytes];
      if (length === wrap) {
        head = 0;
        continue;
      }
      const found = this.#letter;
      found.kind = words[word + letter.kind];
      found.place = words[word + letter.place];
      found.generation = words[word + letter.generation];
      found.low = words[word + letter.low];
      found.high = words[word + letter.high];
      found.at = word * 4 + letterHeadBytes;
      found.end = found.at + length;
      head = (head + letterHeadBytes + ((length + 3) & ~3)) % this.#ringBytes;
      try {
        take(found);
      } finally {
        // Also when it throws: the next one is not to meet it again.
        Atomics.store(words, ring + headAt, head);
      }
    }
  }

  #signal(thread: number): void {
    const at = headerWords + thread * rowWords;
    Atomics.add(this.#words, at, 1);
    Atomics.notify(this.#words, at);
    this.#wake(thread);
  }

  #ringAt(sender: number, receiver: number): number {
    const ring = ringHeadWords + this.#ringBytes / 4;
    return headerWords + this.#threads * rowWords + (receiver * this.#threads + sender) * ring;
  }
}

function ringBytesFor(threads: number): number {
  const usual = Math.max(usualRingBytes, bytesPerThread / threads);
  const most = Math.max(fewestRingBytes, mostBytes / threads ** 2);
  return Math.floor(Math.min(usual, most)) & ~(lineWords * 4 - 1);
}
