// Who is where among the peers that are connections (WebTorrent): by peer_id, with whoever holds the connection.
//
// A WebRTC peer has no address to give. Others reach it through the connection that it keeps with the tracker, so its
// record says which connection that is, and it goes when the connection does. These swarms have shards, locks, tables,
// records, sampling, expiry and eviction as the others have (layout.ts), under the same limit of memory; they are in no
// snapshot and no takeover. A record is one of an IPv6 peer: where that has address and port stand 18 bytes made of the
// peer_id (connection-key.ts), and where that has its peer_id stands the holder (connection-visit.ts).

import { Event } from '../protocol/event.ts';
import { countedFlag, partialFlag, peerIdAt } from './block.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { ConnectionKey } from './connection-key.ts';
import { type ConnectionVisit, holderField, holderWords, Visited } from './connection-visit.ts';
import type { Evictor } from './evictor.ts';
import type { FamilyPeers } from './family-peers.ts';
import { FoundPeer, nobody } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { entryField, establishedFlag, mixedScopes, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { inOneNetwork } from './network.ts';
import { Sampler } from './sampler.ts';
import { peerUnits6 } from './size-classes.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

const attemptsWhenFull = 3;
/** Records behind the last one that the sampler may overwrite. */
const sampledBehind = 4;

export class ConnectionSwarms {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #peers: FamilyPeers;
  readonly #evictor: Evictor;
  readonly #clock: StoreClock;
  readonly #sampler: Sampler;
  readonly #self = new FoundPeer();
  readonly #key: ConnectionKey;
  readonly #holder = new Int32Array(holderWords);
  /** What the sampler copies beside the holders; nobody reads it. */
  #units = new Uint16Array(0);
  /** How many there are of each torrent, here and at other machines. */
  readonly counts: ConnectionCounts;
  /** A peer was added since it was last looked whether memory is short. */
  #added = false;
  /** The announce that was applied last ended a download. */
  #completed = false;

  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    evictor: Evictor,
    clock: StoreClock,
    seed: number,
  ) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#peers = entries.peers6;
    this.#evictor = evictor;
    this.#clock = clock;
    this.#sampler = new Sampler(words, seed);
    this.#key = new ConnectionKey(words);
    this.counts = new ConnectionCounts(words, table, entries);
  }

  /**
   * Writes a peer down, or that it is still there, and answers with the counts and up to `want` others; a seeder is
   * given leechers only. A `completed` counts for the torrent if the peer was a leecher here before.
   */
  announce(visit: ConnectionVisit, want: number, now: number): Visited {
    this.#completed = false;
    let visited = this.#apply(visit, want, now);
    for (let attempt = 0; visited === Visited.full && attempt < attemptsWhenFull; attempt++) {
      if (!this.#evictor.makeRoom(now)) break;
      visited = this.#apply(visit, want, now);
    }
    if (this.#completed) this.counts.countDownload(visit.infoHash, visit.infoHashAt);
    if (this.#added && this.#evictor.isPressed) this.#evictor.relieve(now);
    this.#added = false;
    return visited;
  }

  /** Forgets a peer if it is this connection's, and counts the others; true when it was. */
  stop(visit: ConnectionVisit): boolean {
    const { infoHash, infoHashAt } = visit;
    const hash = this.#table.hash(infoHash, infoHashAt);
    const shard = this.#table.connectionShardOf(hash);
    visit.complete = visit.incomplete = visit.otherCount = 0;
    this.#key.read(visit.peerId, visit.peerIdAt);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, infoHashAt);
      if (entry === 0) return false;
      const isOurs = this.#find(entry, visit.seeding) && this.#isHolder(visit);
      if (isOurs) {
        const { isSeeder } = this.#self;
        this.#entries.count(shard, 6, isSeeder ? 0 : -1, isSeeder ? -1 : 0);
        this.#peers.remove(entry + entryField.peers6, this.#self);
      }
      this.counts.answer(entry, visit);
      this.#entries.releaseIfEmpty(shard, entry);
      return isOurs;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  /** Whether there is such a peer; `visit.holder` says who holds it. */
  find(visit: ConnectionVisit): boolean {
    const { infoHash, infoHashAt } = visit;
    const hash = this.#table.hash(infoHash, infoHashAt);
    const shard = this.#table.connectionShardOf(hash);
    this.#key.read(visit.peerId, visit.peerIdAt);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, infoHashAt);
      if (entry === 0 || !this.#find(entry, visit.seeding)) return false;
      this.#readHolder(visit.holder);
      return true;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #apply(visit: ConnectionVisit, want: number, now: number): Visited {
    const { infoHash, infoHashAt } = visit;
    const hash = this.#table.hash(infoHash, infoHashAt);
    const shard = this.#table.connectionShardOf(hash);
    visit.otherCount = 0;
    this.#key.read(visit.peerId, visit.peerIdAt);
    lock(this.#words, shard + shardRow.lock);
    try {
      const known = this.#table.find(shard, hash, infoHash, infoHashAt);
      const entry = known === 0 ? this.#table.insert(shard, hash, infoHash, infoHashAt) : known;
      if (entry === 0) return Visited.full;
      if (known === 0) this.#entries.noteScope(entry, mixedScopes);
      const visited = this.#join(shard, entry, visit, want, now);
      if (known === 0 && visited === Visited.full) this.#table.remove(shard, entry);
      return visited;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #join(shard: number, entry: number, visit: ConnectionVisit, want: number, now: number): Visited {
    const ref = entry + entryField.peers6;
    const self = this.#self;
    const { seeding } = visit;
    const found = this.#find(entry, seeding);
    const isOurs = found && this.#isHolder(visit);
    if (found && !isOurs) {
      this.#readHolder(visit.holder);
      if (!isSameAddress(visit.holder, visit)) return Visited.taken;
    }
    this.#sample(ref, visit, want);
    const partial = !seeding && visit.event === Event.paused ? partialFlag : 0;
    const tick = this.#clock.tick(now);
    if (!found) {
      if (!this.#insert(shard, entry, visit, tick | partial)) return Visited.full;
    } else {
      const counted = this.#peers.stateOf(self) & countedFlag;
      const wasSeeder = self.isSeeder;
      if (seeding !== wasSeeder) {
        if (!this.#peers.changeRole(ref, self)) return Visited.full;
        this.#entries.count(shard, 6, seeding ? -1 : 1, seeding ? 1 : -1);
      }
      this.#completed = seeding && !wasSeeder && visit.event === Event.completed && counted === 0;
      this.#peers.setState(ref, self, tick | partial | counted | (this.#completed ? countedFlag : 0));
      if (!isOurs) this.#peers.setPeerId(self, this.#holderOf(visit), 0);
    }
    this.counts.answer(entry, visit);
    return isOurs ? Visited.renewed : Visited.joined;
  }

  #insert(shard: number, entry: number, visit: ConnectionVisit, state: number): boolean {
    const ref = entry + entryField.peers6;
    const { seeding } = visit;
    const isFirst = !this.#entries.hasPeers(entry);
    if (!isFirst) this.#noteNetwork(entry, visit);
    const lastWord = this.#key.end | (state << 16);
    if (!this.#peers.insert(ref, seeding, this.#key.words, 0, lastWord, this.#holderOf(visit), 0))
      return false;
    this.#added = true;
    if (isFirst) this.#entries.countSwarm(shard, entry);
    this.#entries.count(shard, 6, seeding ? 0 : 1, seeding ? 1 : 0);
    return true;
  }

  /** A peer from another network than one who is there ends the swarm's probation; see evictor.ts. */
  #noteNetwork(entry: number, visit: ConnectionVisit): void {
    if (this.#words[entry + entryField.downloaded] < 0) return;
    const holder = this.#holder;
    this.#sampler.into(this.#unitsFor(1), 0, holder);
    if (this.#sampler.sample(this.#peers, entry + entryField.peers6, false, 1, nobody) === 0) return;
    // Of two families nobody can tell: one machine may have both.
    if (holder[holderField.family] !== visit.family) return;
    if (inOneNetwork(visit.family, holder, holderField.address, visit.address, visit.addressAt)) return;
    this.#words[entry + entryField.downloaded] |= establishedFlag;
  }

  #sample(ref: number, visit: ConnectionVisit, want: number): void {
    if (visit.others.length < want * holderWords) visit.others = new Int32Array(want * holderWords);
    this.#sampler.into(this.#unitsFor(want), 0, visit.others);
    visit.otherCount = this.#sampler.sample(this.#peers, ref, visit.seeding, want, this.#self);
  }

  #unitsFor(want: number): Uint16Array {
    const needed = (want + sampledBehind) * peerUnits6;
    if (this.#units.length < needed) this.#units = new Uint16Array(needed);
    return this.#units;
  }

  #find(entry: number, likelySeeder: boolean): boolean {
    const ref = entry + entryField.peers6;
    return this.#peers.find(ref, this.#key.words, 0, this.#key.end, likelySeeder, this.#self);
  }

  #isHolder({ place, generation }: ConnectionVisit): boolean {
    const at = this.#holderAt();
    return (
      this.#words[at + holderField.place] === place && this.#words[at + holderField.generation] === generation
    );
  }

  #readHolder(into: Int32Array): void {
    const at = this.#holderAt();
    for (let i = 0; i < holderWords; i++) into[i] = this.#words[at + i];
  }

  #holderAt(): number {
    return peerIdAt(this.#words, this.#self.block, this.#peers.stride, this.#self.index);
  }

  #holderOf({ place, generation, family, address, addressAt }: ConnectionVisit): Int32Array {
    const holder = this.#holder;
    holder[holderField.place] = place;
    holder[holderField.generation] = generation;
    holder[holderField.address] = address[addressAt];
    holder[holderField.address + 1] = family === 4 ? 0 : address[addressAt + 1];
    holder[holderField.family] = family;
    return holder;
  }
}

function isSameAddress(holder: Int32Array, { family, address, addressAt }: ConnectionVisit): boolean {
  return (
    holder[holderField.family] === family &&
    holder[holderField.address] === address[addressAt] &&
    (family === 4 || holder[holderField.address + 1] === address[addressAt + 1])
  );
}
