// Which torrents may be announced, as somebody decides one after another: what is decided for a while, and what is asked.
//
//   header (16 words): key of the hash, asks written, asks read, signal
//   then sets of four rows of 8 words; row: version | info_hash (5) | reason, 0 allows | good until
//   then the asks, 8 words each: number + 1 | info_hash (5)
//   then the reasons, 52 words each: length, and as many bytes of ASCII
//
// One thread decides and writes; every thread reads without a lock: a row's version is odd while it is written, and a reader
// that finds it so, or changed, has found nothing. When a set is full the row goes that is good for the shortest time. What a
// thread does not find it asks for: in a ring, where there is room, for a flood of made-up torrents must cost nothing more.
// Who is answered by a row in the last quarter of its time has it asked for too, so that a torrent in use is always decided.

import { Failure, torrentDenied, undecided } from '../protocol/failure.ts';
import { infoHashWords } from '../protocol/info-hash.ts';
import { keyedHash } from '../swarm/keyed-hash.ts';

const headerAt = { key: 0, asked: 2, read: 3, signal: 4, size: 16 } as const;
const rowAt = { version: 0, infoHash: 1, reason: 6, until: 7, size: 8 } as const;
const rowsPerSet = 4;
const sets = 4096;
const setWords = rowsPerSet * rowAt.size;
const askAt = { number: 0, infoHash: 1, size: 8 } as const;
const asks = 1024;
/** Threads that look at once how much room there is may take a little more. */
const mostAsked = asks - 257;
const reasonAt = { length: 0, text: 1, size: 52 } as const;
const longestReason = (reasonAt.size - reasonAt.text) * 4;
const mostReasons = 64;
const asksAt = headerAt.size + sets * setWords;
const reasonsAt = asksAt + asks * askAt.size;
const words = reasonsAt + mostReasons * reasonAt.size;
const infoHashLength = (infoHashWords * 4) << 24;
if (rowAt.reason !== rowAt.infoHash + infoHashWords || askAt.size < askAt.infoHash + infoHashWords)
  throw new RangeError('an info_hash reaches into what stands behind it');
if ((sets & (sets - 1)) !== 0 || (asks & (asks - 1)) !== 0 || mostAsked >= asks)
  throw new RangeError('sets or asks are no power of two, or more is asked than there is room for');

/** How many torrents can be decided about at once. */
export const mostDecided = sets * rowsPerSet;

export class DecisionTable {
  /** Hand it to another thread and make another of these there. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #key0: number;
  readonly #key1: number;
  readonly #ttl: number;
  readonly #failures: (Failure | undefined)[] = [];
  /** Whether the decision last looked up is in the last quarter of its time. */
  #isEnding = false;
  /** The deciding thread's. */
  readonly #reasons = new Map<string, number>();

  /** `ttl`: seconds for which a decision holds. */
  constructor(buffer: SharedArrayBuffer, ttl: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#key0 = this.#words[headerAt.key];
    this.#key1 = this.#words[headerAt.key + 1];
    this.#ttl = ttl;
  }

  /** `hashKey`: two random words. 780 KiB. */
  static create(ttl: number, hashKey: Int32Array): DecisionTable {
    const buffer = new SharedArrayBuffer(words * 4);
    new Int32Array(buffer).set(hashKey.subarray(0, 2), headerAt.key);
    return new DecisionTable(buffer, ttl);
  }

  /** Why the torrent may not be announced; `undecided` when that is not known, and then it is asked. `now` is whole seconds. */
  failureOf(infoHash: Int32Array, at: number, now: number): Failure | undefined {
    const known = this.lookUp(infoHash, at, now);
    if (known === 'unknown' || this.#isEnding) this.#ask(infoHash, at);
    return known === 'unknown' ? undecided : known;
  }

  /** The decision that holds; asks for nothing. */
  lookUp(infoHash: Int32Array, at: number, now: number): Failure | undefined | 'unknown' {
    const row = this.#find(infoHash, at);
    if (row < 0) return 'unknown';
    const version = Atomics.load(this.#words, row + rowAt.version);
    const reason = this.#words[row + rowAt.reason];
    const left = this.#words[row + rowAt.until] - now;
    const isWhole = (version & 1) === 0 && this.#holds(row, infoHash, at);
    if (!isWhole || Atomics.load(this.#words, row + rowAt.version) !== version || left <= 0) return 'unknown';
    this.#isEnding = left * 4 < this.#ttl;
    return reason === 0 ? undefined : this.#failure(reason);
  }

  /** Writes a decision down, for all threads; `failure` must be undefined or say no. Of the deciding thread alone. */
  decide(infoHash: Int32Array, at: number, failure: Failure | undefined, now: number): void {
    const memory = this.#words;
    const found = this.#find(infoHash, at);
    const row = found < 0 ? this.#oldestOf(infoHash, at) : found;
    Atomics.add(memory, row + rowAt.version, 1);
    for (let i = 0; i < infoHashWords; i++) memory[row + rowAt.infoHash + i] = infoHash[at + i];
    memory[row + rowAt.reason] = failure === undefined ? 0 : this.#reasonOf(failure.message);
    memory[row + rowAt.until] = now + this.#ttl;
    Atomics.add(memory, row + rowAt.version, 1);
  }

  /** Calls `ask` with each torrent that threads have asked for; the words are its own only until it returns. */
  takeAsked(ask: (infoHash: Int32Array, at: number) => void): void {
    const memory = this.#words;
    for (let next = memory[headerAt.read]; next !== Atomics.load(memory, headerAt.asked); ) {
      const asked = asksAt + (next & (asks - 1)) * askAt.size;
      next = (next + 1) | 0;
      // Whoever has taken the number writes it within a moment, or has failed: then it is passed over, once others follow.
      const number = Atomics.load(memory, asked + askAt.number);
      if (number !== next && next === Atomics.load(memory, headerAt.asked)) return;
      if (number === next) ask(memory, asked + askAt.infoHash);
      Atomics.store(memory, headerAt.read, next);
    }
  }

  /** The word that is counted up when a torrent is asked for: for `Atomics.waitAsync`. */
  get signal(): { words: Int32Array; at: number } {
    return { words: this.#words, at: headerAt.signal };
  }

  #ask(infoHash: Int32Array, at: number): void {
    const memory = this.#words;
    const waiting = (Atomics.load(memory, headerAt.asked) - Atomics.load(memory, headerAt.read)) | 0;
    if (waiting >= mostAsked) return;
    const number = Atomics.add(memory, headerAt.asked, 1);
    const asked = asksAt + (number & (asks - 1)) * askAt.size;
    for (let i = 0; i < infoHashWords; i++) memory[asked + askAt.infoHash + i] = infoHash[at + i];
    Atomics.store(memory, asked + askAt.number, (number + 1) | 0);
    Atomics.add(memory, headerAt.signal, 1);
    Atomics.notify(memory, headerAt.signal);
  }

  #setOf(infoHash: Int32Array, at: number): number {
    const hash = keyedHash(this.#key0, this.#key1, infoHash, at, infoHashWords, infoHashLength);
    return headerAt.size + (hash & (sets - 1)) * setWords;
  }

  /** −1 when there is none. */
  #find(infoHash: Int32Array, at: number): number {
    const first = this.#setOf(infoHash, at);
    for (let row = first; row < first + setWords; row += rowAt.size)
      if (this.#holds(row, infoHash, at)) return row;
    return -1;
  }

  /** An empty row is of the torrent whose info_hash is zeros, and good until the beginning of time. */
  #holds(row: number, infoHash: Int32Array, at: number): boolean {
    const memory = this.#words;
    for (let i = 0; i < infoHashWords; i++)
      if (memory[row + rowAt.infoHash + i] !== infoHash[at + i]) return false;
    return true;
  }

  #oldestOf(infoHash: Int32Array, at: number): number {
    const first = this.#setOf(infoHash, at);
    let oldest = first;
    for (let row = first; row < first + setWords; row += rowAt.size)
      if (this.#words[row + rowAt.until] < this.#words[oldest + rowAt.until]) oldest = row;
    return oldest;
  }

  /** The number of a reason, 1 or more; with too many of them, that of the usual one. */
  #reasonOf(message: string): number {
    const known = this.#reasons.get(message);
    if (known !== undefined) return known;
    if (this.#reasons.size >= mostReasons - 1) return mostReasons;
    const reason = this.#reasons.size + 1;
    const at = reasonsAt + (reason - 1) * reasonAt.size;
    const text = (at + reasonAt.text) * 4;
    const length = Math.min(message.length, longestReason);
    for (let i = 0; i < length; i++) this.#bytes[text + i] = message.charCodeAt(i);
    this.#words[at + reasonAt.length] = length;
    this.#reasons.set(message, reason);
    return reason;
  }

  #failure(reason: number): Failure {
    if (reason === mostReasons) return torrentDenied;
    this.#failures[reason] ??= this.#readReason(reason);
    return this.#failures[reason];
  }

  #readReason(reason: number): Failure {
    const at = reasonsAt + (reason - 1) * reasonAt.size;
    const text = (at + reasonAt.text) * 4;
    const length = this.#words[at + reasonAt.length];
    let message = '';
    for (let i = 0; i < length; i++) message += String.fromCharCode(this.#bytes[text + i]);
    return new Failure(message, 'not_allowed');
  }
}
