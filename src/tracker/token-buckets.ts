// How many requests an address may still make: one token bucket an address, in a table of fixed size for all threads.
//
//   header (16 words): key of the hash, tokens a second, most tokens
//   then sets of four rows, a cache line each; row: tag | bucket | unused | renewed
//
// Only requests whose sender has proven its address take from it: who forges an address takes nothing from its owner.
//
// A bucket is one word: tokens << 16 | the second (modulo 2^16) in which they were counted; `renewed` is that second
// whole. It is counted anew in the first second in which it is asked, so the short time is never compared over more
// than `longRest`, however long nobody has asked. IPv4 addresses count one by one, IPv6 ones by /56. A
// newcomer takes the row with the most tokens left, which somebody who floods never has. There is no lock: two threads
// that write at once lose one of two counts, and nothing else; that is what the time beside the tokens is for.

import { isLocalScope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { stepsSinceOrAhead } from '../protocol/wrapped-time.ts';
import { keyedHash } from '../swarm/keyed-hash.ts';

const headerAt = { key: 0, rate: 2, burst: 3, size: 16 } as const;
const rowWords = 4;
const bucketAt = 1;
const renewedAt = 3;
const setWords = 16;
const sets = 4096;

const timeMask = 0xffff;
/** Nine hours, in seconds: whoever has asked nothing for longer has a full bucket, whatever the rate. */
const longRest = 0x7fff;
/** Another thread may have taken the time a little later. */
const aheadSeconds = 0x7fff;

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
   * Where the bucket of an address (1 or 4 words) is; a full one for a new address. `unlimited` for private and
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
  isEmpty(row: number, now: number): boolean {
    return this.#renewed(row, now) >>> 16 === 0;
  }

  /** Takes a token; false when there is none. */
  take(row: number, now: number): boolean {
    const words = this.#words;
    // No more than the first request of an address in a second.
    if (now > words[row + renewedAt]!) {
      words[row + bucketAt] = this.#renewed(row, now);
      words[row + renewedAt] = now;
    }
    const word = words[row + bucketAt]!;
    if (word >>> 16 === 0) return false;
    words[row + bucketAt] = word - 0x10000;
    return true;
  }

  /** What the bucket's word is at `now`. */
  #renewed(row: number, now: number): number {
    const word = this.#words[row + bucketAt]!;
    if (now - this.#words[row + renewedAt]! > longRest) return this.#full(now);
    const elapsed = stepsSinceOrAhead(word, now, timeMask, aheadSeconds);
    if (elapsed === 0) return word;
    const tokens = (word >>> 16) + elapsed * this.#rate;
    return tokens < this.#burst ? (tokens << 16) | (now & timeMask) : this.#full(now);
  }

  #full(now: number): number {
    return (this.#burst << 16) | (now & timeMask);
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
      const left = this.#renewed(row, now) >>> 16;
      if (left <= most) continue;
      most = left;
      chosen = row;
    }
    words[chosen] = tag;
    words[chosen + bucketAt] = this.#full(now);
    words[chosen + renewedAt] = now;
    return chosen;
  }
}
