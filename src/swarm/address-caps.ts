// How many peers of a swarm one address, or one IPv6 subscriber, may be, so that a swarm cannot be made to point at it.
//
// At most 4 ports of an address, and 16 peers of an IPv6 /64; the one seen longest ago gives way to a newer one, so that
// a client that comes back with another port is never refused. Private and loopback addresses are not counted: many
// clients may share them. In large swarms all peers of an address (or /64) have one hash, so they share a block.

import { isLocalScope, scopeOfIpv4, scopeOfIpv6 } from '../protocol/address-scope.ts';
import { leechersIn, peersIn, recordAt } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import type { FoundPeer } from './found-peer.ts';
import { setOf } from './large-swarm.ts';
import { largestBlockPeers, recordWords4 } from './size-classes.ts';
import { ageOf } from './tick.ts';

const portsPerAddress = 4;
const peersPerSubscriber = 16;

export class AddressCaps {
  readonly #words: Int32Array;
  /** What the scan of one or two blocks has met so far: of the same address, and of the same /64. */
  #ofAddress = 0;
  #ofSubscriber = 0;
  #oldestAge = -1;
  #oldestBlock = 0;
  #oldestIndex = 0;
  #oldestIsSeeder = false;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /**
   * Called for a peer that is not in the swarm. True when one of its address has to go first, and then `found` is that
   * one.
   */
  findCrowding(
    peers: FamilyPeers,
    refAt: number,
    address: Int32Array,
    at: number,
    tick: number,
    found: FoundPeer,
  ): boolean {
    const ref = this.#words[refAt];
    if (ref === 0 || (ref > 0 && peersIn(this.#words, ref) < portsPerAddress)) return false;
    const isIpv4 = peers.stride === recordWords4;
    if (isLocalScope(isIpv4 ? scopeOfIpv4(address[at]) : scopeOfIpv6(address, at))) return false;
    this.#scan(peers, refAt, address, at, tick, false);
    const crowded = this.#ofAddress >= portsPerAddress;
    if (!crowded && this.#ofSubscriber < peersPerSubscriber) return false;
    // An IPv6 address that is within its own bounds has to make room for its neighbours.
    if (!crowded) this.#scan(peers, refAt, address, at, tick, true);
    found.block = this.#oldestBlock;
    found.index = this.#oldestIndex;
    found.isSeeder = this.#oldestIsSeeder;
    // What the sets go by; the port counts on local addresses only, which are not limited.
    if (ref < 0) found.hash = peers.sets.hash(address, at, 0);
    return true;
  }

  /** Counts, and notes the oldest: of the address, or of all of its /64. */
  #scan(
    peers: FamilyPeers,
    refAt: number,
    address: Int32Array,
    at: number,
    tick: number,
    ofSubscriber: boolean,
  ): void {
    this.#ofAddress = this.#ofSubscriber = 0;
    this.#oldestAge = -1;
    const ref = this.#words[refAt];
    if (ref > 0) {
      this.#scanBlock(peers, ref, leechersIn(this.#words, ref), address, at, tick, ofSubscriber);
      return;
    }
    const hash = peers.sets.hash(address, at, 0);
    for (const seeders of [false, true] as const) {
      const set = setOf(ref, seeders);
      const block = peers.sets.blockAt(set, peers.sets.pointerFor(set, hash));
      this.#scanBlock(peers, block, seeders ? 0 : largestBlockPeers, address, at, tick, ofSubscriber);
    }
  }

  #scanBlock(
    { stride }: FamilyPeers,
    block: number,
    seedersFrom: number,
    address: Int32Array,
    at: number,
    tick: number,
    ofSubscriber: boolean,
  ): void {
    const words = this.#words;
    const count = peersIn(words, block);
    let record = recordAt(block, stride, 0);
    for (let i = 0; i < count; i++, record += stride) {
      if (words[record] !== address[at]) continue;
      let sameAddress = true;
      if (stride !== recordWords4) {
        if (words[record + 1] !== address[at + 1]) continue;
        this.#ofSubscriber++;
        sameAddress = words[record + 2] === address[at + 2] && words[record + 3] === address[at + 3];
      }
      if (sameAddress) this.#ofAddress++;
      if (!sameAddress && !ofSubscriber) continue;
      const age = ageOf(words[record + stride - 1] >>> 16, tick);
      if (age <= this.#oldestAge) continue;
      this.#oldestAge = age;
      this.#oldestBlock = block;
      this.#oldestIndex = i;
      this.#oldestIsSeeder = i >= seedersFrom;
    }
  }
}
