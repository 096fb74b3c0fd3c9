// How many requests an address may still make: one token bucket an address, in a table of fixed size for all threads.
//
//   header (16 words): key of the hash, tokens a second, most tokens
//   then sets of four rows, a cache line each, of addresses and as many of networks; row: tag | bucket | network | renewed
//
// IPv4 addresses count one by one, IPv6 ones by /56; and as one customer may have a /48 and with it 256 of those, it has a
// bucket as well, eight times as large, from which each of them takes too: `network` is its row, 0 for IPv4.
//
// Only requests whose sender has proven its address take from it: who forges an address takes nothing from its owner.
//
// A bucket is one word: tokens << 16 | the second (modulo 2^16) in which they were counted; `renewed` is that second
// whole. It is counted anew in the first second in which it is asked, so the short time is never compared over more
// than `longRest`, however long nobody has asked. A newcomer takes the row with the most tokens left, which somebody who
// floods never has. There is no lock: two threads that write at once lose one of two counts, and nothing else; that is
// what the time beside the tokens is for.
//
// Without the /48, who has one had 512,000 announces at once over UDP, enough to turn a small memory over in seconds.
// Eight, because a provider's /48 with hundreds of customers behind it announces a few times a second at most. Networks
// have a table of their own, or their fuller rows would be the first that a newcomer takes. A /32 is not bounded by
// this.

import { isLocalScope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { stepsSinceOrAhead } from '../protocol/wrapped-time.ts';
import { keyedHash } from '../swarm/keyed-hash.ts';

const headerAt = { key: 0, rate: 2, burst: 3, size: 16 } as const;
const rowWords = 4;
const bucketAt = 1;
const networkAt = 2;
const renewedAt = 3;
const setWords = 16;
const sets = 4096;
const addressSets = headerAt.size;
const networkSets = addressSets + sets * setWords;
/** A network may take as much as so many of its addresses. */
const networkShare = 8;
const maxTokens = 0xffff;

const timeMask = 0xffff;
/** Nine hours, in seconds: whoever has asked nothing for longer has a full bucket, whatever the rate. */
const longRest = 0x7fff;
/** Another thread may have taken the time a little later. */
const aheadSeconds = 0x7fff;

/** The row of an address that is not limited. */
export const unlimited = 0;

if (new Set([0, bucketAt, networkAt, renewedAt]).size !== rowWords || renewedAt >= rowWords)
  throw new RangeError('the words of a row overlap, or some have no meaning');
if ((sets & (sets - 1)) !== 0 || setWords % rowWords !== 0 || addressSets % setWords !== 0)
  throw new RangeError('the sets are no power of two, or are not cache lines of rows');
if (headerAt.rate < headerAt.key + 2 || headerAt.burst >= headerAt.size || unlimited >= headerAt.size)
  throw new RangeError('the fields of the header overlap, or a row may be taken for none');
if (maxTokens * 0x10000 + timeMask !== 0xffffffff || longRest + aheadSeconds > timeMask)
  throw new RangeError("a bucket's word does not hold its tokens, or a time may be taken for another one");

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
  readonly #networkRate: number;
  readonly #networkBurst: number;
  // The last IPv4 client: one with many torrents announces them one after another. First 255.255.255.255, which sends
  // nothing.
  #lastAddress = -1;
  #lastRow: number = unlimited;
  #lastTag = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#key0 = this.#words[headerAt.key];
    this.#key1 = this.#words[headerAt.key + 1];
    this.#rate = this.#words[headerAt.rate];
    this.#burst = this.#words[headerAt.burst];
    this.#networkRate = Math.min(maxTokens, this.#rate * networkShare);
    this.#networkBurst = Math.min(maxTokens, this.#burst * networkShare);
  }

  /** `hashKey`: two random words, so that nobody can aim at somebody else's set. 512 KiB. */
  static create({ rate, burst }: TokenRate, hashKey: Int32Array): TokenBuckets {
    const buffer = new SharedArrayBuffer((networkSets + sets * setWords) * 4);
    const words = new Int32Array(buffer);
    words.set(hashKey.subarray(0, 2), headerAt.key);
    words[headerAt.rate] = rate;
    words[headerAt.burst] = burst;
    return new TokenBuckets(buffer);
  }

  /** What an address may take. */
  get rate(): TokenRate {
    return { rate: this.#rate, burst: this.#burst };
  }

  /**
   * Where the bucket of an address (1 or 4 words) is; a full one for a new address. `unlimited` for private and
   * loopback addresses, which many clients may share. `now` is whole seconds.
   */
  rowOf(family: 4 | 6, address: Int32Array, at: number, now: number): number {
    if (family === 6) return this.#rowOfIpv6(address, at, now);
    const word = address[at];
    const last = this.#lastRow;
    if (word === this.#lastAddress && (last === unlimited || this.#words[last] === this.#lastTag))
      return last;
    this.#lastAddress = word;
    this.#lastRow = this.#rowOfIpv4(address, at, now);
    this.#lastTag = this.#words[this.#lastRow];
    return this.#lastRow;
  }

  #rowOfIpv4(address: Int32Array, at: number, now: number): number {
    const word = address[at];
    if (isLocalScope(scopeOfIpv4(word))) return unlimited;
    return this.#find(addressSets, keyedHash(this.#key0, this.#key1, address, at, 0, word), now);
  }

  /** All of a /56 have one, which knows that of their /48. */
  #rowOfIpv6(address: Int32Array, at: number, now: number): number {
    if (isLocalScope(scopeOfIpv6(address, at))) return unlimited;
    const key0 = this.#key0;
    const key1 = this.#key1;
    const second = address[at + 1];
    const row = this.#find(addressSets, keyedHash(key0, key1, address, at, 1, second & 0xffffff), now);
    // Looked up anew each time: it may have been given away meanwhile.
    const network = this.#find(networkSets, keyedHash(key0, key1, address, at, 1, second & 0xffff), now);
    if (this.#words[row + networkAt] !== network) this.#words[row + networkAt] = network;
    return row;
  }

  #find(from: number, hash: number, now: number): number {
    const tag = hash === 0 ? 1 : hash;
    const words = this.#words;
    const first = from + (hash & (sets - 1)) * setWords;
    if (words[first] === tag) return first;
    for (let row = first + rowWords; row < first + setWords; row += rowWords) {
      if (words[row] === tag) return row;
    }
    return this.#replace(first, tag, now);
  }

  /** Whether nothing can be taken; takes nothing. */
  isEmpty(row: number, now: number): boolean {
    const network = this.#words[row + networkAt];
    return (
      this.#renewed(row, now) >>> 16 === 0 || (network !== 0 && this.#renewed(network, now) >>> 16 === 0)
    );
  }

  /** Takes a token, of the network as well; none of either and false when one of them has none. */
  take(row: number, now: number): boolean {
    const words = this.#words;
    const network = words[row + networkAt];
    if (network === 0) return this.#takeOf(row, now);
    if (this.#renewed(network, now) >>> 16 === 0 || !this.#takeOf(row, now)) return false;
    this.#takeOf(network, now);
    return true;
  }

  #takeOf(row: number, now: number): boolean {
    const words = this.#words;
    // No more than the first request of an address in a second.
    if (now > words[row + renewedAt]) {
      words[row + bucketAt] = this.#renewed(row, now);
      words[row + renewedAt] = now;
    }
    const word = words[row + bucketAt];
    if (word >>> 16 === 0) return false;
    words[row + bucketAt] = word - 0x10000;
    return true;
  }

  /** What the bucket's word is at `now`. */
  #renewed(row: number, now: number): number {
    const word = this.#words[row + bucketAt];
    if (now - this.#words[row + renewedAt] > longRest) return this.#full(row, now);
    const elapsed = stepsSinceOrAhead(word, now, timeMask, aheadSeconds);
    if (elapsed === 0) return word;
    const isNetwork = row >= networkSets;
    const tokens = (word >>> 16) + elapsed * (isNetwork ? this.#networkRate : this.#rate);
    const burst = isNetwork ? this.#networkBurst : this.#burst;
    return tokens < burst ? (tokens << 16) | (now & timeMask) : this.#full(row, now);
  }

  #full(row: number, now: number): number {
    return ((row < networkSets ? this.#burst : this.#networkBurst) << 16) | (now & timeMask);
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
    words[chosen + bucketAt] = this.#full(chosen, now);
    words[chosen + networkAt] = 0;
    words[chosen + renewedAt] = now;
    return chosen;
  }
}
