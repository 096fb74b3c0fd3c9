// Which peers an announcer is given: one or two random slices of the swarm, copied as they lie, never itself.

import { peerIdWords } from '../protocol/peer-id.ts';
import { leechersIn, peerIdAt, peersIn, recordAt } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import { type FoundPeer, nobody } from './found-peer.ts';
import { largeField, setOf } from './large-swarm.ts';
import { peerUnits4, recordWords4, recordWords6 } from './size-classes.ts';

// Numbers of this file, not fields of an object or of another one, which the innermost loops would look up.
/** A record's last word, behind its address: the port, and above it the state. */
const port4 = recordWords4 - 1;
const port6 = recordWords6 - 1;
/** The next records of IPv4 peers, in words seen from one, and where their compact peers go, in units. */
const record1 = recordWords4;
const record2 = 2 * recordWords4;
const record3 = 3 * recordWords4;
const record4 = 4 * recordWords4;
const unit1 = peerUnits4;
const unit2 = 2 * peerUnits4;
const unit3 = 3 * peerUnits4;
const unit4 = 4 * peerUnits4;
/** Units of a compact peer of IPv4: half the address, the other half, the port. */
const upperHalf = 1;
const portUnit4 = 2;
if (portUnit4 + 1 !== peerUnits4) throw new RangeError('a compact peer of IPv4 is not address and port');

export class Sampler {
  readonly #words: Int32Array;
  #random: number;
  #peers!: FamilyPeers;
  #self: Readonly<FoundPeer> = nobody;
  #out: Uint16Array = new Uint16Array(0);
  #outAt = 0;
  #ids: Int32Array | undefined;
  #idsAt = 0;

  /** `seed` starts the pseudo-random sequence; any number. */
  constructor(words: Int32Array, seed: number) {
    this.#words = words;
    this.#random = seed | 0 || 1;
  }

  /**
   * Where the next samples go: compact peers from `out[at]` on; peer_ids, when wanted, from word 0 of `ids` on. Up to
   * four peers behind the last one are overwritten, where there is room for them.
   */
  into(out: Uint16Array, at: number, ids: Int32Array | undefined): void {
    this.#out = out;
    this.#outAt = at;
    this.#ids = ids;
    this.#idsAt = 0;
  }

  /**
   * Copies up to `want` peers of the family, all of them or evenly random ones, leaving out `self`, the requester's own
   * record, if it has one. Takes time in proportion to `want`. Returns how many.
   */
  sample(
    peers: FamilyPeers,
    refAt: number,
    leechersOnly: boolean,
    want: number,
    self: Readonly<FoundPeer>,
  ): number {
    const ref = this.#words[refAt];
    if (ref === 0 || want <= 0) return 0;
    this.#peers = peers;
    this.#self = self;
    return ref > 0 ? this.#fromBlock(ref, leechersOnly, want) : this.#fromSets(ref, leechersOnly, want);
  }

  #fromBlock(block: number, leechersOnly: boolean, want: number): number {
    const words = this.#words;
    const pool = leechersOnly ? leechersIn(words, block) : peersIn(words, block);
    const found = this.#self.index;
    const self = found >= 0 && found < pool ? found : -1;
    const others = self >= 0 ? pool - 1 : pool;
    if (want >= others) {
      if (this.#ids === undefined) this.#copyAllBut(block, pool, self);
      else this.#copyOthers(block, 0, others, self);
      return others;
    }
    // Two slices on the ring of the others: their lengths and the gap between them leave no overlap.
    const firstLength = want >>> 1;
    const first = this.#below(others);
    const second = first + firstLength + this.#below(others - want + 1);
    this.#copyRing(block, first, firstLength, others, self);
    this.#copyRing(block, second % others, want - firstLength, others, self);
    return want;
  }

  /** Copies the first `pool` records and puts the last of them in the place of record `self`. */
  #copyAllBut(block: number, pool: number, self: number): void {
    const out = this.#out;
    const units = this.#peers.unitsPerPeer;
    let to = this.#outAt + self * units;
    this.#copy(block, 0, pool);
    if (self < 0) return;
    const end = this.#outAt;
    this.#outAt = end - units;
    for (let from = end - units; from < end; ) out[to++] = out[from++];
  }

  #copyRing(block: number, start: number, length: number, ring: number, self: number): void {
    const end = start + length;
    if (end <= ring) {
      this.#copyOthers(block, start, end, self);
      return;
    }
    this.#copyOthers(block, start, ring, self);
    this.#copyOthers(block, 0, end - ring, self);
  }

  /** Copies the records start … end − 1 of the block as if record `self` were not among them. */
  #copyOthers(block: number, start: number, end: number, self: number): void {
    if (self < 0 || end <= self) {
      this.#copy(block, start, end);
    } else if (start >= self) {
      this.#copy(block, start + 1, end + 1);
    } else {
      this.#copy(block, start, self);
      this.#copy(block, self + 1, end + 1);
    }
  }

  #fromSets(ref: number, leechersOnly: boolean, want: number): number {
    const { index, isSeeder } = this.#self;
    const isIn = index >= 0;
    const leechers = this.#words[largeField.leechers - ref] - (isIn && !isSeeder ? 1 : 0);
    const seeders = this.#words[largeField.seeders - ref] - (isIn && isSeeder ? 1 : 0);
    if (leechersOnly) return this.#fromSet(ref, false, Math.min(want, leechers), leechers);
    const total = leechers + seeders;
    if (want >= total)
      return this.#fromSet(ref, false, leechers, leechers) + this.#fromSet(ref, true, seeders, seeders);
    // Both roles in proportion; the fraction left over is decided by chance.
    const share = (want * leechers + this.#below(total)) / total;
    const fromLeechers = Math.max(want - seeders, Math.min(leechers, Math.floor(share)));
    return (
      this.#fromSet(ref, false, fromLeechers, leechers) +
      this.#fromSet(ref, true, want - fromLeechers, seeders)
    );
  }

  /** A slice that begins at a random record and runs on through the neighbouring blocks, `want` ≤ `available` long. */
  #fromSet(ref: number, seeder: boolean, want: number, available: number): number {
    if (want <= 0 || available <= 0) return 0;
    const words = this.#words;
    const { sets } = this.#peers;
    const { block: ownBlock, index: ownIndex } = this.#self;
    const set = setOf(ref, seeder);
    const size = sets.sizeOf(set);
    let pointer = this.#below(size);
    const firstBlock = sets.blockAt(set, pointer);
    const offset = this.#below(Math.max(1, peersIn(words, firstBlock)));
    let block = firstBlock;
    let start = offset;
    let left = want;
    do {
      const self = block === ownBlock ? ownIndex : -1;
      left -= this.#copyUpTo(block, start, peersIn(words, block), self, left);
      const span = sets.spanOf(set, block);
      pointer = ((pointer & ~(span - 1)) + span) & (size - 1);
      block = sets.blockAt(set, pointer);
      start = 0;
    } while (left > 0 && block !== firstBlock);
    if (left > 0) left -= this.#copyUpTo(block, 0, offset, block === ownBlock ? ownIndex : -1, left);
    return want - left;
  }

  /** Copies at most `limit` records out of start … end − 1, leaving out `self`; returns how many. */
  #copyUpTo(block: number, start: number, end: number, self: number, limit: number): number {
    if (self < start || self >= end) {
      const length = Math.min(limit, end - start);
      this.#copy(block, start, start + length);
      return length;
    }
    const before = Math.min(limit, self - start);
    this.#copy(block, start, start + before);
    const after = Math.min(limit - before, end - self - 1);
    this.#copy(block, self + 1, self + 1 + after);
    return before + after;
  }

  #copy(block: number, start: number, end: number): void {
    const words = this.#words;
    const out = this.#out;
    const stride = this.#peers.stride;
    let to = this.#outAt;
    let at = recordAt(block, stride, start);
    const stop = recordAt(block, stride, end);
    if (stride === record1) {
      to = this.#copyIpv4(at, stop, to);
    } else {
      for (; at < stop; at += stride) {
        for (let i = 0; i < port6; i++) {
          const part = words[at + i];
          out[to] = part;
          out[to + upperHalf] = part >>> 16;
          to += 2;
        }
        out[to++] = words[at + port6];
      }
    }
    this.#outAt = to;
    if (this.#ids !== undefined) this.#copyIds(this.#ids, block, start, end);
  }

  /** The records from word `from` up to `stop`, to unit `into` and on; returns where the next one goes. */
  #copyIpv4(from: number, stop: number, into: number): number {
    const words = this.#words;
    const out = this.#out;
    let at = from;
    let to = into;
    // Four a turn, as V8 asks both arrays anew for their type, length and place in every turn of a loop; also when fewer
    // are left, as a second loop for these costs more than what is written too much.
    for (; at < stop; at += record4) {
      const address0 = words[at];
      const port0 = words[at + port4];
      const address1 = words[at + record1];
      const port1 = words[at + record1 + port4];
      const address2 = words[at + record2];
      const port2 = words[at + record2 + port4];
      const address3 = words[at + record3];
      const port3 = words[at + record3 + port4];
      out[to] = address0;
      out[to + upperHalf] = address0 >>> 16;
      out[to + portUnit4] = port0;
      out[to + unit1] = address1;
      out[to + unit1 + upperHalf] = address1 >>> 16;
      out[to + unit1 + portUnit4] = port1;
      out[to + unit2] = address2;
      out[to + unit2 + upperHalf] = address2 >>> 16;
      out[to + unit2 + portUnit4] = port2;
      out[to + unit3] = address3;
      out[to + unit3 + upperHalf] = address3 >>> 16;
      out[to + unit3 + portUnit4] = port3;
      to += unit4;
    }
    return into + (((stop - from) / record1) | 0) * unit1;
  }

  #copyIds(ids: Int32Array, block: number, start: number, end: number): void {
    const from = peerIdAt(this.#words, block, this.#peers.stride, start);
    const count = (end - start) * peerIdWords;
    for (let i = 0; i < count; i++) ids[this.#idsAt + i] = this.#words[from + i];
    this.#idsAt += count;
  }

  /** A random whole number of 0 … limit − 1 (xorshift32). */
  readonly below = (limit: number): number => this.#below(limit);

  #below(limit: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    // The same without doubles, where it can be: a 65,536th of a share more or less for some.
    if (limit <= 0x10000) return Math.imul(x >>> 16, limit) >>> 16;
    return Math.floor(((x >>> 0) / 0x100000000) * limit);
  }
}
