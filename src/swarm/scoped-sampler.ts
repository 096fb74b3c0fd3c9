// Which peers an announcer is given from a swarm whose peers cannot all reach each other: public ones, and its own kind.
//
// A peer on a private or loopback address, or on one that nobody has, is handed only to requesters of the same scope:
// to all others it is of no use, or an aim that somebody else has chosen. A swarm remembers whether it has such peers,
// so only mixed ones come here. Records are looked at one by one from a random place on, a bounded number of them.

import { Scope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { leechersIn, peerIdAt, peersIn, recordAt } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import { type FoundPeer, nobody } from './found-peer.ts';
import { largeField, setOf } from './large-swarm.ts';
import { peerIdWords } from './size-classes.ts';

/** Records looked at for each one wanted, at most. */
const looksPerPeer = 8;
const looksAtLeast = 256;

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
  #taken = 0;
  #want = 0;
  #looks = 0;

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
    slot: number,
    leechersOnly: boolean,
    want: number,
    self: Readonly<FoundPeer>,
  ): number {
    const ref = this.#words[slot]!;
    if (ref === 0 || want <= 0) return 0;
    this.#peers = peers;
    this.#self = self;
    this.#taken = 0;
    this.#want = want;
    this.#looks = Math.max(looksAtLeast, want * looksPerPeer);
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
    const leechers = this.#words[largeField.leechers - ref]!;
    const seeders = leechersOnly ? 0 : this.#words[largeField.seeders - ref]!;
    const all = this.#want;
    // Both roles in proportion; what one cannot give the other may.
    this.#want = Math.ceil((all * leechers) / Math.max(1, leechers + seeders));
    this.#takeFromSet(setOf(ref, false));
    this.#want = all;
    if (leechersOnly) return;
    this.#takeFromSet(setOf(ref, true));
  }

  #takeFromSet(set: number): void {
    const { sets } = this.#peers;
    const size = sets.sizeOf(set);
    const first = this.#below(size);
    const firstBlock = sets.blockAt(set, first);
    const offset = this.#below(Math.max(1, peersIn(this.#words, firstBlock)));
    let entry = first;
    let block = firstBlock;
    let start = offset;
    do {
      this.#take(block, start, peersIn(this.#words, block));
      start = 0;
      const span = sets.spanOf(set, block);
      entry = ((entry & ~(span - 1)) + span) & (size - 1);
      block = sets.blockAt(set, entry);
    } while (block !== firstBlock && this.#taken < this.#want && this.#looks > 0);
    this.#take(firstBlock, 0, offset);
  }

  /** Copies those of records start … end − 1 that the requester may know. */
  #take(block: number, start: number, end: number): void {
    const { stride } = this.#peers;
    const self = block === this.#self.block ? this.#self.index : -1;
    for (let i = start; i < end && this.#taken < this.#want && this.#looks > 0; i++) {
      this.#looks--;
      const at = recordAt(block, stride, i);
      if (i === self || !this.#isShown(at)) continue;
      this.#copy(at, peerIdAt(this.#words, block, stride, i));
      this.#taken++;
    }
  }

  #isShown(record: number): boolean {
    const words = this.#words;
    const scope = this.#peers.stride === 2 ? scopeOfIpv4(words[record]!) : scopeOfIpv6(words, record);
    return scope === Scope.public || scope === this.#scope;
  }

  #copy(record: number, id: number): void {
    const words = this.#words;
    const out = this.#out;
    const last = record + this.#peers.stride - 1;
    for (let at = record; at < last; at++) {
      out[this.#outAt++] = words[at]!;
      out[this.#outAt++] = words[at]! >>> 16;
    }
    out[this.#outAt++] = words[last]!;
    const ids = this.#ids;
    if (ids === undefined) return;
    for (let i = 0; i < peerIdWords; i++) ids[this.#idsAt++] = words[id + i]!;
  }
}
