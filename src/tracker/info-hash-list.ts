// A list of info_hashes that every thread looks up without locks: written once, read by all, replaced whole.
//
//   header (4 words): how many, bits of the table, hash key | table: number of the info_hash + 1, or 0 | info_hashes
//
// The table is at most half full; a number is 32 bits, so a look-up reads two or three cache lines of a list of a million.

import { infoHashWords } from '../protocol/info-hash.ts';
import { keyedHash } from '../swarm/keyed-hash.ts';

const headerAt = { count: 0, tableBits: 1, key: 2, size: 4 } as const;
const infoHashLength = (infoHashWords * 4) << 24;

export class InfoHashList {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #first: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    const slots = 1 << this.#words[headerAt.tableBits];
    this.#mask = slots - 1;
    this.#first = headerAt.size + slots;
  }

  /** How many there are. */
  get count(): number {
    return this.#words[headerAt.count];
  }

  /** Whether the info_hash whose words begin at `at` is in the list. */
  has(infoHash: Int32Array, at: number): boolean {
    return this.find(infoHash, at, this.#hash(infoHash, at)) < 0;
  }

  /** Where in the table the info_hash would be put; −1 when it is in the list. */
  find(infoHash: Int32Array, at: number, hash: number): number {
    const words = this.#words;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = words[headerAt.size + slot];
      if (number === 0) return slot;
      const place = this.#first + (number - 1) * infoHashWords;
      if (
        words[place] === infoHash[at] &&
        words[place + 1] === infoHash[at + 1] &&
        words[place + 2] === infoHash[at + 2] &&
        words[place + 3] === infoHash[at + 3] &&
        words[place + 4] === infoHash[at + 4]
      ) {
        return -1;
      }
    }
  }

  /** Adds one, if it is not in the list yet; only while nobody else reads it. */
  add(infoHash: Int32Array, at: number): void {
    const slot = this.find(infoHash, at, this.#hash(infoHash, at));
    if (slot < 0) return;
    const words = this.#words;
    const number = words[headerAt.count]++;
    const place = this.#first + number * infoHashWords;
    for (let i = 0; i < infoHashWords; i++) words[place + i] = infoHash[at + i];
    words[headerAt.size + slot] = number + 1;
  }

  #hash(infoHash: Int32Array, at: number): number {
    const key0 = this.#words[headerAt.key];
    const key1 = this.#words[headerAt.key + 1];
    return keyedHash(key0, key1, infoHash, at, infoHashWords, infoHashLength);
  }

  /** An empty list with room for `count`. `hashKey`: two random words. */
  static create(count: number, hashKey: Int32Array): InfoHashList {
    const tableBits = Math.max(4, Math.ceil(Math.log2(count * 2)));
    const words = headerAt.size + (1 << tableBits) + count * infoHashWords;
    const buffer = new SharedArrayBuffer(words * 4);
    const header = new Int32Array(buffer, 0, headerAt.size);
    header[headerAt.tableBits] = tableBits;
    header.set(hashKey.subarray(0, 2), headerAt.key);
    return new InfoHashList(buffer);
  }
}
