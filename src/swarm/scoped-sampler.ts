// Which peers an announcer is given from a swarm whose peers cannot all reach each other: public ones, and its own kind.
//
// A peer on a private or loopback address, or on one that nobody has, is handed only to requesters of the same scope:
// to all others it is of no use, or an aim that somebody else has chosen. A swarm remembers whether it has such peers,
// so only mixed ones come here. Records are read one by one from a random place on, a bounded number of them.
//
// With 8 records for each peer wanted, of 51 public peers among 5,000 of a LAN a public client was given 0 to 5. Few
// among many tens of thousands are still not all found: that is the price of a bounded time.

import { Scope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { leechersIn, peerIdAt, peersIn, recordAt } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import { type FoundPeer, nobody } from './found-peer.ts';
import { largeField, setOf } from './large-swarm.ts';
import { recordWords4 } from './size-classes.ts';

/** Records read for each one wanted, at most; and as many as take about 50 µs, so that few among many are found. */
const recordsPerPeer = 8;
const recordsAtLeast = 8192;

/** Where the reading stands in one large set. */
class SetWalk {
  set = 0;
  /** Pointer of the directory, and record of the block it leads to. */
  pointer = 0;
  index = 0;
  /** Records that were not read yet. */
  left = 0;
}

export class ScopedSampler {
  readonly #words: Int32Array;
  readonly #below: (limit: number) => number;
  #peers!: FamilyPeers;
  #self: Readonly<FoundPeer> = nobody;
  #scope: Scope = Scope.public;
  #out: Uint16Array = new Uint16Array(0);
  #outAt = 0;
  #ids: Int32Array | undefined;
  #idsAt = 0;
  readonly #leechers = new SetWalk();
  readonly #seeders = new SetWalk();
  #taken = 0;
  #want = 0;
  #recordsLeft = 0;

  /** `below` gives a random whole number of 0 … limit − 1. */
  constructor(words: Int32Array, below: (limit: number) => number) {
    this.#words = words;
    this.#below = below;
  }

  /** As `Sampler.into`; `scope` is the requester's. */
  into(out: Uint16Array, at: number, ids: Int32Array | undefined, scope: Scope): void {
    this.#out = out;
    this.#outAt = at;
    this.#ids = ids;
    this.#idsAt = 0;
    this.#scope = scope;
  }

  /** As `Sampler.sample`. */
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
    this.#taken = 0;
    this.#want = want;
    this.#recordsLeft = Math.max(recordsAtLeast, want * recordsPerPeer);
    if (ref > 0) {
      const pool = leechersOnly ? leechersIn(this.#words, ref) : peersIn(this.#words, ref);
      const start = this.#below(Math.max(1, pool));
      this.#take(ref, start, pool);
      this.#take(ref, 0, Math.min(start, pool));
      return this.#taken;
    }
    this.#takeFromSets(ref, leechersOnly);
    return this.#taken;
  }

  #takeFromSets(ref: number, leechersOnly: boolean): void {
    const leechers = this.#words[largeField.leechers - ref];
    const seeders = leechersOnly ? 0 : this.#words[largeField.seeders - ref];
    const total = Math.max(1, leechers + seeders);
    const want = this.#want;
    const records = this.#recordsLeft;
    this.#begin(this.#leechers, setOf(ref, false), leechers);
    // Both roles in proportion, of the peers as of the records; then what one cannot give the other may, where it stood.
    this.#want = Math.ceil((want * leechers) / total);
    this.#recordsLeft = Math.ceil((records * leechers) / total);
    const forSeeders = records - this.#recordsLeft;
    this.#takeFromSet(this.#leechers);
    this.#want = want;
    this.#recordsLeft += forSeeders;
    if (!leechersOnly) {
      this.#begin(this.#seeders, setOf(ref, true), seeders);
      this.#takeFromSet(this.#seeders);
    }
    this.#takeFromSet(this.#leechers);
  }

  /** At a random record of a set of `records`. */
  #begin(walk: SetWalk, set: number, records: number): void {
    const { sets } = this.#peers;
    walk.set = set;
    walk.pointer = this.#below(sets.sizeOf(set));
    walk.index = this.#below(Math.max(1, peersIn(this.#words, sets.blockAt(set, walk.pointer))));
    walk.left = records;
  }

  /** Goes on until there are enough, or the set has been gone round, or as many were read as may be. */
  #takeFromSet(walk: SetWalk): void {
    const { sets } = this.#peers;
    while (walk.left > 0 && this.#taken < this.#want && this.#recordsLeft > 0) {
      const block = sets.blockAt(walk.set, walk.pointer);
      const end = Math.min(peersIn(this.#words, block), walk.index + walk.left);
      const next = this.#take(block, walk.index, end);
      walk.left -= next - walk.index;
      walk.index = next;
      if (next < peersIn(this.#words, block)) continue;
      const span = sets.spanOf(walk.set, block);
      walk.pointer = ((walk.pointer & ~(span - 1)) + span) & (sets.sizeOf(walk.set) - 1);
      walk.index = 0;
    }
  }

  /** Copies those of records start … end − 1 that the requester may know; returns the first that it did not read. */
  #take(block: number, start: number, end: number): number {
    const { stride } = this.#peers;
    const self = block === this.#self.block ? this.#self.index : -1;
    let i = start;
    for (; i < end && this.#taken < this.#want && this.#recordsLeft > 0; i++) {
      this.#recordsLeft--;
      const at = recordAt(block, stride, i);
      if (i === self || !this.#isShown(at)) continue;
      this.#copy(at, peerIdAt(this.#words, block, stride, i));
      this.#taken++;
    }
    return i;
  }

  #isShown(record: number): boolean {
    const words = this.#words;
    const scope =
      this.#peers.stride === recordWords4 ? scopeOfIpv4(words[record]) : scopeOfIpv6(words, record);
    return scope === Scope.public || scope === this.#scope;
  }

  #copy(record: number, id: number): void {
    const words = this.#words;
    const out = this.#out;
    const last = record + this.#peers.stride - 1;
    for (let at = record; at < last; at++) {
      out[this.#outAt++] = words[at];
      out[this.#outAt++] = words[at] >>> 16;
    }
    out[this.#outAt++] = words[last];
    const ids = this.#ids;
    if (ids === undefined) return;
    for (let i = 0; i < peerIdWords; i++) ids[this.#idsAt++] = words[id + i];
  }
}
