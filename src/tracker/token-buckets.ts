// How many requests an address may still make: two token buckets an address, in a table of fixed size for all threads.
//
//   header (16 words): key of the hash, tokens a second, most tokens
//   then sets of four rows, a cache line each; row: tag | bucket of proven requests | bucket of unproven ones | unused
//
// A bucket is one word: tokens << 16 | the second (modulo 2^16) in which they were counted. IPv4 addresses count one by
// one, IPv6 ones by /56. A newcomer takes the row with the most tokens left, which somebody who floods never has. There
// is no lock: two threads that write at once lose one of two counts, and nothing else.

import { isLocalScope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { keyedHash } from '../swarm/keyed-hash.ts';

const headerAt = { key: 0, rate: 2, burst: 3, size: 16 } as const;
const rowWords = 4;
const setWords = 16;
const sets = 4096;

/** Requests whose sender has proven its address, and others: who forges the latter cannot use up the former. */
export const Bucket = { proven: 1, unproven: 2 } as const;
export type Bucket = (typeof Bucket)[keyof typeof Bucket];

/** The row of an address that is not limited. */
export const unlimited = 0;

export interface TokenRate {
  /** Tokens a second, 1 or more. */
  rate: number;
  /** Most tokens, no fewer than come in a second, because time is whole seconds; 65,535 at most. */
  burst: number;
}

export class TokenBuckets {
  /** Hand it to another thread and make another of these there. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #key0: number;
  readonly #key1: number;
  readonly #rate: number;
  readonly #burst: number;
  // The last IPv4 client: one with many torrents announces them one after another. First 255.255.255.255, which sends
  // nothing.
  #lastAddress = -1;
  #lastRow: number = unlimited;
  #lastTag = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#key0 = this.#words[headerAt.key]!;
    this.#key1 = this.#words[headerAt.key + 1]!;
    this.#rate = this.#words[headerAt.rate]!;
    this.#burst = this.#words[headerAt.burst]!;
  }

  /** `hashKey`: two random words, so that nobody can aim at somebody else's set. 256 KiB. */
  static create({ rate, burst }: TokenRate, hashKey: Int32Array): TokenBuckets {
    const buffer = new SharedArrayBuffer((headerAt.size + sets * setWords) * 4);
    const words = new Int32Array(buffer);
    words.set(hashKey.subarray(0, 2), headerAt.key);
    words[headerAt.rate] = rate;
    words[headerAt.burst] = burst;
    return new TokenBuckets(buffer);
  }

  /**
   * Where the buckets of an address (1 or 4 words) are; full ones for a new address. `unlimited` for private and
   * loopback addresses, which many clients may share. `now` is whole seconds.
   */
  rowOf(family: 4 | 6, address: Int32Array, at: number, now: number): number {
    if (family === 6) return this.#rowOfIpv6(address, at, now);
    const word = address[at]!;
    const last = this.#lastRow;
    if (word === this.#lastAddress && (last === unlimited || this.#words[last] === this.#lastTag))
      return last;
    this.#lastAddress = word;
    this.#lastRow = this.#rowOfIpv4(address, at, now);
    this.#lastTag = this.#words[this.#lastRow]!;
    return this.#lastRow;
  }

  #rowOfIpv4(address: Int32Array, at: number, now: number): number {
    const word = address[at]!;
    if (isLocalScope(scopeOfIpv4(word))) return unlimited;
    return this.#find(keyedHash(this.#key0, this.#key1, address, at, 0, word), now);
  }

  /** All of a /56 have one. */
  #rowOfIpv6(address: Int32Array, at: number, now: number): number {
    if (isLocalScope(scopeOfIpv6(address, at))) return unlimited;
    return this.#find(keyedHash(this.#key0, this.#key1, address, at, 1, address[at + 1]! & 0xffffff), now);
  }

  #find(hash: number, now: number): number {
    const tag = hash === 0 ? 1 : hash;
    const words = this.#words;
    const first = headerAt.size + (hash & (sets - 1)) * setWords;
    if (words[first] === tag) return first;
    for (let row = first + rowWords; row < first + setWords; row += rowWords) {
      if (words[row] === tag) return row;
    }
    return this.#replace(first, tag, now);
  }

  /** Whether nothing can be taken; takes nothing. */
  isEmpty(row: number, bucket: Bucket, now: number): boolean {
    return this.#tokens(row + bucket, now) === 0;
  }

  /** Takes a token; false when there is none. */
  take(row: number, bucket: Bucket, now: number): boolean {
    const tokens = this.#tokens(row + bucket, now);
    if (tokens === 0) return false;
    this.#words[row + bucket] = ((tokens - 1) << 16) | (now & 0xffff);
    return true;
  }

  #tokens(at: number, now: number): number {
    const word = this.#words[at]!;
    const elapsed = (now - word) & 0xffff;
    const tokens = word >>> 16;
    // Another thread may be a second ahead, which looks like half a day.
    if (elapsed === 0 || elapsed > 0x7fff) return tokens;
    const refilled = tokens + elapsed * this.#rate;
    return refilled < this.#burst ? refilled : this.#burst;
  }

  #replace(first: number, tag: number, now: number): number {
    const words = this.#words;
    let chosen = first;
    let most = -1;
    for (let row = first; row < first + setWords; row += rowWords) {
      if (words[row] === 0) {
        chosen = row;
        break;
      }
      const proven = this.#tokens(row + Bucket.proven, now);
      const unproven = this.#tokens(row + Bucket.unproven, now);
      const left = proven < unproven ? proven : unproven;
      if (left <= most) continue;
      most = left;
      chosen = row;
    }
    const full = (this.#burst << 16) | (now & 0xffff);
    words[chosen] = tag;
    words[chosen + Bucket.proven] = full;
    words[chosen + Bucket.unproven] = full;
    return chosen;
  }
}
