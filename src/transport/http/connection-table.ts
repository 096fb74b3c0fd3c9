// Counts open HTTP connections of all threads, in all and by address, and knows which thread holds the one silent longest.
//
//   header (32 words) | threads, 16 words each | two rows of counts by address | owner and place by descriptor
//
// Counting is by atomic additions alone. An address counts in two rows of counters by two hashes of it, and has as many
// connections as the smaller of both says: others that share one of its counters would have to share both.

/** Where the numbers stand; all are whole numbers of 32 bits. */
const header = { open: 0, descriptors: 1, threads: 2, key: 4, accept: 6, size: 32 } as const;
/** See `acceptWords`. */
const acceptWords = 2;
const threadRow = { oldest: 0, shed: 1, size: 16 } as const;
/** A descriptor's row: whose connection it is, and where it counts. */
const ownerRow = { claim: 0, place: 1, size: 2 } as const;
const countBits = 15;
const counts = 1 << countBits;
/** An owner's word: its thread's number plus 1, and above it the number of its claim. 0 is nobody. */
const threadBits = 10;
const threadMask = (1 << threadBits) - 1;
const claimNumbers = 1 << (31 - threadBits);

if (header.key + 2 > header.accept || header.accept + acceptWords > header.size || 2 * countBits > 30)
  throw new RangeError('the header is too small, or a place of two counts is no small number');

/** Where an address counts: see `placeOf`. */
export type AddressPlace = number;

/** Of a connection that counts for no address, as many clients may share it. */
export const nowhere: AddressPlace = -1;

/** What a connection has in the table beside its counts. */
export type Claim = number;

/** Of a connection whose descriptor the table does not list. */
const unlisted: Claim = 0;

/** No thread has a connection that may end. */
export const nobody = -1;

/** A thread's `oldest` when it holds no connection that may end. */
const never = 0x7fffffff;

export class ConnectionTable {
  /** Hand it to another thread and make another of these there. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #threads: number;
  readonly #descriptors: number;
  readonly #counts: number;
  readonly #owners: number;
  #claims = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    const words = new Int32Array(buffer);
    this.#words = words;
    this.#threads = words[header.threads];
    this.#descriptors = words[header.descriptors];
    this.#counts = header.size + this.#threads * threadRow.size;
    this.#owners = this.#counts + 2 * counts;
  }

  /** For `threads` threads and descriptors below `descriptors`; `key`: two random words. */
  static create(threads: number, descriptors: number, key: Int32Array): ConnectionTable {
    if (threads >= threadMask) throw new RangeError(`more than ${threadMask - 1} threads`);
    const size = header.size + threads * threadRow.size + 2 * counts + descriptors * ownerRow.size;
    const buffer = new SharedArrayBuffer(size * 4);
    const words = new Int32Array(buffer);
    words[header.threads] = threads;
    words[header.descriptors] = descriptors;
    words.set(key.subarray(0, 2), header.key);
    const table = new ConnectionTable(buffer);
    for (let thread = 0; thread < threads; thread++) table.setOldest(thread, never);
    return table;
  }

  /** Two words for threads that accept without descriptors to agree in, zeros at first. */
  get acceptWords(): Int32Array {
    return this.#words.subarray(header.accept, header.accept + acceptWords);
  }

  /** Open connections of all threads. */
  get open(): number {
    return Atomics.load(this.#words, header.open);
  }

  /** Where an address (1 or 4 words) counts; of IPv6 its /64, as one subscriber has that at least. */
  placeOf(family: 4 | 6, address: Int32Array): AddressPlace {
    const words = this.#words;
    let a = words[header.key] ^ family;
    let b = words[header.key + 1] ^ family;
    for (let i = 0; i < (family === 4 ? 1 : 2); i++) {
      a = mix(a ^ address[i]);
      b = mix(b + Math.imul(address[i], 0x9e3779b1));
    }
    // Both in one number: a pair would be an object for each connection.
    return ((a >>> (32 - countBits)) << countBits) | (b >>> (32 - countBits));
  }

  /** Connections that a place's address has now. */
  countAt(place: AddressPlace): number {
    const words = this.#words;
    return Math.min(Atomics.load(words, this.#first(place)), Atomics.load(words, this.#second(place)));
  }

  /** Counts a connection, for its address too unless its place is `nowhere`. */
  add(place: AddressPlace): void {
    this.#count(place, 1);
  }

  /** Takes back what `add` counted. */
  remove(place: AddressPlace): void {
    this.#count(place, -1);
  }

  /** Notes that a counted connection is `thread`'s, by its descriptor: if the thread fails, others can end it. */
  own(thread: number, descriptor: number, place: AddressPlace): void {
    this.#take(this.#rowOf(descriptor), thread + 1, place);
  }

  /** Before a descriptor is closed or handed on: it is no longer its thread's. */
  disown(descriptor: number): void {
    this.#words[this.#rowOf(descriptor) + ownerRow.claim] = 0;
  }

  /**
   * The same for a connection of `node:net`, whose descriptor is closed some time before anybody is told: when another
   * connection gets it meanwhile, this one is counted out then. What it returns is given back to `release`.
   */
  claim(thread: number, descriptor: number, place: AddressPlace): Claim {
    if (descriptor < 0 || descriptor >= this.#descriptors) return unlisted;
    this.#claims = (this.#claims + 1) % claimNumbers;
    const claim = (this.#claims << threadBits) | (thread + 1);
    this.#take(this.#rowOf(descriptor), claim, place);
    return claim;
  }

  /** Counts out a connection with its claim, unless that has been done. */
  release(descriptor: number, claim: Claim, place: AddressPlace): void {
    if (claim === unlisted || this.#give(this.#rowOf(descriptor), claim)) this.remove(place);
  }

  /** Counts out what a thread that has failed held, and returns the descriptors; those of `own` are open still. */
  abandon(thread: number): number[] {
    const words = this.#words;
    const descriptors: number[] = [];
    for (let descriptor = 0; descriptor < this.#descriptors; descriptor++) {
      const row = this.#rowOf(descriptor);
      const owner = words[row + ownerRow.claim];
      const place = words[row + ownerRow.place];
      if ((owner & threadMask) !== thread + 1 || !this.#give(row, owner)) continue;
      this.remove(place);
      descriptors.push(descriptor);
    }
    this.setOldest(thread, undefined);
    return descriptors;
  }

  /** Says since when (seconds of any clock that all threads share) a thread's longest silent connection is silent. */
  setOldest(thread: number, second: number | undefined): void {
    Atomics.store(this.#words, this.#thread(thread) + threadRow.oldest, second ?? never);
  }

  /** The thread with the connection silent longest; `nobody` when none has one that may end and is silent since `second`. */
  threadWithOldest(second = never - 1): number {
    let found = nobody;
    let least = Math.min(second + 1, never);
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

  /** Makes a row its new owner's, and counts out a connection that it is left of: its descriptor cannot be open. */
  #take(row: number, owner: number, place: AddressPlace): void {
    const left = this.#words[row + ownerRow.place];
    this.#words[row + ownerRow.place] = place;
    if (Atomics.exchange(this.#words, row + ownerRow.claim, owner) !== 0) this.remove(left);
  }

  #give(row: number, owner: number): boolean {
    return Atomics.compareExchange(this.#words, row + ownerRow.claim, owner, 0) === owner;
  }

  #thread(thread: number): number {
    return header.size + thread * threadRow.size;
  }

  #rowOf(descriptor: number): number {
    if (descriptor >= this.#descriptors) throw new RangeError(`descriptor ${descriptor} is beyond the table`);
    return this.#owners + descriptor * ownerRow.size;
  }

  #first(place: AddressPlace): number {
    return this.#counts + (place >>> countBits);
  }

  #second(place: AddressPlace): number {
    return this.#counts + counts + (place & (counts - 1));
  }

  #count(place: AddressPlace, change: 1 | -1): void {
    Atomics.add(this.#words, header.open, change);
    if (place === nowhere) return;
    Atomics.add(this.#words, this.#first(place), change);
    Atomics.add(this.#words, this.#second(place), change);
  }
}

/** A permutation of 32-bit words in which every bit depends on every other. */
function mix(value: number): number {
  let word = value;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
