// Whom an announcer is given from a swarm whose peers not everybody can reach.

import { scopeOf } from '../protocol/address-scope.ts';
import type { FamilyPeers } from './family-peers.ts';
import { type FoundPeer, nobody } from './found-peer.ts';
import { entryField, mixedScopes } from './layout.ts';
import type { Sampler } from './sampler.ts';
import { ScopedSampler } from './scoped-sampler.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import type { SwarmVisit } from './swarm-visit.ts';

export class ScopedChoice {
  readonly #entries: SwarmEntries;
  readonly #sampler: Sampler;
  readonly #scopedSampler: ScopedSampler;

  constructor(words: Int32Array, entries: SwarmEntries, sampler: Sampler) {
    this.#entries = entries;
    this.#sampler = sampler;
    this.#scopedSampler = new ScopedSampler(words, sampler.below);
  }

  /** Writes up to `want` peers where the visit wants them; `self` is the announcer's record, if any. */
  choose(
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    visit: SwarmVisit,
    leechersOnly: boolean,
    want: number,
    self: Readonly<FoundPeer>,
  ): void {
    visit.peers = visit.ipv4Peers = 0;
    const sampler = this.#samplerFor(entry, visit);
    if (sampler === undefined) return;
    visit.peers = sampler.sample(peers, refAt, leechersOnly, want, self);
    if (!visit.fillWithIpv4 || visit.family !== 6) return;
    const peers4 = this.#entries.peers4;
    const left = want - visit.peers;
    visit.ipv4Peers = sampler.sample(peers4, entry + entryField.peers4, leechersOnly, left, nobody);
  }

  /** Undefined when none of the peers may be handed to this announcer. */
  #samplerFor(entry: number, visit: SwarmVisit): Sampler | ScopedSampler | undefined {
    const scope = this.#entries.scope(entry);
    const own = scopeOf(visit.family, visit.address, visit.addressAt);
    if (scope === mixedScopes) {
      this.#scopedSampler.into(visit.out, visit.outAt, visit.outPeerIds, own);
      return this.#scopedSampler;
    }
    if (scope !== own) return undefined;
    this.#sampler.into(visit.out, visit.outAt, visit.outPeerIds);
    return this.#sampler;
  }
}
