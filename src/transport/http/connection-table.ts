// Counts open HTTP connections of all threads, in all and by address, and knows which thread holds the one silent longest.
//
//   header (32 words) | threads, 16 words each | two rows of counts by address | owner, counts' places by descriptor
//
// Counting is by atomic additions alone. An address counts in two rows of counters by two hashes of it, and has as many
// connections as the smaller of both says: others that share one of its counters would have to share both.

/** Where the numbers stand; all are whole numbers of 32 bits. */
const header = { open: 0, descriptors: 1, threads: 2, key: 4, size: 32 } as const;
const threadRow = { oldest: 0, shed: 1, size: 16 } as const;
const countBits = 15;
const counts = 1 << countBits;

/** No thread: who asks is not among those that can be told to make room. */
export const nobody = -1;

/** A thread's `oldest` when it holds no connection that may end. */
const never = 0x7fffffff;

export class ConnectionTable {
  /** Hand it to another thread and make another of these there. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #threads: number;
  readonly #descriptors: number;
  readonly #counts: number;
  readonly #owners: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    const words = new Int32Array(buffer);
    this.#words = words;
    this.#threads = words[header.threads]!;
    this.#descriptors = words[header.descriptors]!;
    this.#counts = header.size + this.#threads * threadRow.size;
    this.#owners = this.#counts + 2 * counts;
  }

  /** For `threads` threads and descriptors below `descriptors`; `key`: two random words. */
  static create(threads: number, descriptors: number, key: Int32Array): ConnectionTable {
    const size = header.size + threads * threadRow.size + 2 * counts + descriptors * 3;
    const buffer = new SharedArrayBuffer(size * 4);
    const words = new Int32Array(buffer);
    words[header.threads] = threads;
    words[header.descriptors] = descriptors;
    words.set(key.subarray(0, 2), header.key);
    const table = new ConnectionTable(buffer);
    for (let thread = 0; thread < threads; thread++) table.setOldest(thread, never);
    return table;
  }

  /** Open connections of all threads. */
  get open(): number {
    return Atomics.load(this.#words, header.open);
  }

  /** Connections that an address (1 or 4 words) has now; of IPv6 its /64. */
  countOf(family: 4 | 6, address: Int32Array): number {
    const words = this.#words;
    const [a, b] = this.#placesOf(family, address);
    return Math.min(Atomics.load(words, a), Atomics.load(words, b));
  }

  /** Notes that `thread` holds a connection on `descriptor`; `counted`: whether it counts for its address. */
  add(thread: number, descriptor: number, counted: boolean, family: 4 | 6, address: Int32Array): void {
    const words = this.#words;
    Atomics.add(words, header.open, 1);
    const row = this.#rowOf(descriptor);
    words[row] = thread + 1;
    words[row + 1] = words[row + 2] = 0;
    if (!counted) return;
    const [a, b] = this.#placesOf(family, address);
    Atomics.add(words, a, 1);
    Atomics.add(words, b, 1);
    words[row + 1] = a;
    words[row + 2] = b;
  }

  /** Takes back what `add` noted, before the descriptor is closed or handed to somebody who notes it anew. */
  remove(descriptor: number): void {
    const words = this.#words;
    const row = this.#rowOf(descriptor);
    if (words[row] === 0) return;
    Atomics.sub(words, header.open, 1);
    for (const place of [words[row + 1]!, words[row + 2]!]) if (place !== 0) Atomics.sub(words, place, 1);
    words[row] = 0;
  }

  /** The descriptors of a thread's connections: of one that has failed, to be closed by somebody else. */
  descriptorsOf(thread: number): number[] {
    const found: number[] = [];
    for (let descriptor = 0; descriptor < this.#descriptors; descriptor++) {
      if (this.#words[this.#rowOf(descriptor)] === thread + 1) found.push(descriptor);
    }
    return found;
  }

  /** Says since when (seconds of any clock that all threads share) a thread's longest silent connection is silent. */
  setOldest(thread: number, second: number | undefined): void {
    Atomics.store(this.#words, this.#thread(thread) + threadRow.oldest, second ?? never);
  }

  /** The thread with the connection silent longest; `nobody` when none has one that may end. */
  threadWithOldest(): number {
    let found = nobody;
    let least = never;
    for (let thread = 0; thread < this.#threads; thread++) {
      const oldest = Atomics.load(this.#words, this.#thread(thread) + threadRow.oldest);
      if (oldest >= least) continue;
      least = oldest;
      found = thread;
    }
    return found;
  }

  /** Asks a thread to end its longest silent connection. */
  askToShed(thread: number): void {
    Atomics.add(this.#words, this.#thread(thread) + threadRow.shed, 1);
  }

  /** How many connections this thread was asked to end since it last looked. */
  takeShedRequests(thread: number): number {
    const at = this.#thread(thread) + threadRow.shed;
    // Read before it is written: nearly always there is nothing, and a write would take the line from the others.
    return this.#words[at] === 0 ? 0 : Atomics.exchange(this.#words, at, 0);
  }

  #thread(thread: number): number {
    return header.size + thread * threadRow.size;
  }

  #rowOf(descriptor: number): number {
    if (descriptor >= this.#descriptors) throw new RangeError(`descriptor ${descriptor} is beyond the table`);
    return this.#owners + descriptor * 3;
  }

  #placesOf(family: 4 | 6, address: Int32Array): [number, number] {
    const words = this.#words;
    let a = words[header.key]! ^ family;
    let b = words[header.key + 1]! ^ family;
    // One IPv6 subscriber has a /64 at least.
    for (let i = 0; i < (family === 4 ? 1 : 2); i++) {
      a = mix(a ^ address[i]!);
      b = mix(b + Math.imul(address[i]!, 0x9e3779b1));
    }
    return [this.#counts + (a >>> (32 - countBits)), this.#counts + counts + (b >>> (32 - countBits))];
  }
}

/** A permutation of 32-bit words in which every bit depends on every other. */
function mix(value: number): number {
  let word = value;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
