// Who is where among the peers that have an endpoint: what an announce does to its swarm, and whom it is handed.
//
// One announce is one visit to one shard under its lock: find the swarm, find the peer, sample others, write the peer
// down. Peers that are connections: connection-swarms.ts.

import { isLocalScope, Scope, scopeOf } from '../protocol/address-scope.ts';
import { Event } from '../protocol/event.ts';
import { AddressCaps } from './address-caps.ts';
import { countedFlag, partialFlag, recordAt, remoteFlag } from './block.ts';
import { ChangeFlag, type ChangeJournal } from './change-journal.ts';
import type { Evictor } from './evictor.ts';
import type { FamilyPeers } from './family-peers.ts';
import { FoundPeer, nobody } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { familyRefAt, header, mixedScopes, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { Sampler } from './sampler.ts';
import { ScopedChoice } from './scoped-choice.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import type { SwarmVisit } from './swarm-visit.ts';
import { ageOf, tickIn } from './tick.ts';

const attemptsWhenFull = 3;

export class EndpointSwarms {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #journal: ChangeJournal;
  readonly #evictor: Evictor;
  readonly #clock: StoreClock;
  readonly #sampler: Sampler;
  readonly #scopedChoice: ScopedChoice;
  readonly #caps: AddressCaps;
  readonly #secondsPerTick: number;
  /** The announcer's record, while its announce is applied, and the one that has to make room for it. */
  readonly #self = new FoundPeer();
  readonly #crowding = new FoundPeer();
  #earlyTicks = 0;
  #earlyWant = 0;
  /** A peer was added since it was last looked whether memory is short. */
  #added = false;

  /** `seed` starts the choice of peers. */
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
    this.#journal = entries.journal;
    this.#evictor = evictor;
    this.#clock = clock;
    this.#sampler = new Sampler(words, seed);
    this.#scopedChoice = new ScopedChoice(words, entries, this.#sampler);
    this.#caps = new AddressCaps(words);
    this.#secondsPerTick = words[header.secondsPerTick];
  }

  /**
   * Gives a peer that announces again within so many seconds at most `want` others; not on private and loopback
   * addresses. For this thread.
   */
  limitEarly(seconds: number, want: number): void {
    this.#earlyTicks = Math.floor(seconds / this.#secondsPerTick);
    this.#earlyWant = want;
  }

  /**
   * Applies one announce and answers it: counts with the announcer (unless it stopped), and up to `want` other peers.
   * False when memory is full of what may not be evicted; then nothing is stored.
   */
  announce(visit: SwarmVisit, want: number, now: number): boolean {
    const stored = this.#apply(visit, want, now);
    if (stored && !this.#added) return true;
    return this.#relieve(stored, visit, want, now);
  }

  /** Without any lock: evicts a little where memory is short, more where it is full, and then tries again. */
  #relieve(stored: boolean, visit: SwarmVisit, want: number, now: number): boolean {
    this.#added = false;
    if (stored) {
      if (this.#evictor.isPressed) this.#evictor.relieve(now);
      return true;
    }
    for (let attempt = 0; attempt < attemptsWhenFull; attempt++) {
      if (!this.#evictor.makeRoom(now)) return false;
      if (this.#apply(visit, want, now)) return true;
    }
    return false;
  }

  #apply(visit: SwarmVisit, want: number, now: number): boolean {
    const hash = this.#table.hash(visit.infoHash, visit.infoHashAt);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, visit.infoHash, visit.infoHashAt);
      if (visit.event === Event.stopped) {
        this.#stop(shard, entry, visit);
        return true;
      }
      if (entry !== 0) return this.#join(shard, entry, visit, want, now);
      const created = this.#table.insert(shard, hash, visit.infoHash, visit.infoHashAt);
      if (created === 0) return false;
      if (this.#join(shard, created, visit, want, now)) return true;
      this.#table.remove(shard, created);
      return false;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #stop(shard: number, entry: number, visit: SwarmVisit): void {
    visit.complete = visit.incomplete = visit.downloaded = visit.peers = visit.ipv4Peers = 0;
    visit.early = false;
    if (this.#journal.isOpen) this.#note(visit, ChangeFlag.stopped);
    if (entry === 0) return;
    const peers = this.#peersOf(visit.family);
    const refAt = familyRefAt(entry, visit.family);
    const self = this.#self;
    if (peers.find(refAt, visit.address, visit.addressAt, wirePort(visit.port), visit.seeding, self)) {
      this.#entries.count(shard, visit.family, self.isSeeder ? 0 : -1, self.isSeeder ? -1 : 0);
      peers.remove(refAt, self);
    }
    this.#answerCounts(entry, visit);
    this.#entries.releaseIfEmpty(shard, entry);
  }

  #join(shard: number, entry: number, visit: SwarmVisit, want: number, now: number): boolean {
    const peers = this.#peersOf(visit.family);
    const refAt = familyRefAt(entry, visit.family);
    const seeder = visit.seeding;
    const self = this.#self;
    const found = peers.find(refAt, visit.address, visit.addressAt, wirePort(visit.port), seeder, self);
    const tick = this.#clock.tick(now);
    const scope = this.#entries.scope(entry);
    const known = found ? peers.stateOf(self) : 0;
    visit.early = found && ageOf(known, tick) < this.#earlyTicks && isLimited(scope, visit);
    const given = visit.early && want > this.#earlyWant ? this.#earlyWant : want;
    // Before the announcer is written down, so that a new one cannot be handed to itself. As a rule everybody may be
    // handed to it: the swarm's peers are public, or all in one scope, which one who is in the swarm is in too.
    if (scope === Scope.public || (found && scope !== mixedScopes)) {
      this.#sample(entry, refAt, peers, visit, seeder, given);
    } else {
      this.#scopedChoice.choose(entry, refAt, peers, visit, seeder, given, self);
    }
    const partial = !seeder && visit.event === Event.paused ? partialFlag : 0;
    if (this.#journal.isOpen) this.#noteJoin(visit, found, known, tick, partial);
    const written = found
      ? this.#refresh(shard, entry, refAt, peers, visit, seeder, known & countedFlag, tick | partial)
      : this.#insert(shard, entry, refAt, peers, visit, seeder, tick | partial);
    if (written) this.#answerCounts(entry, visit);
    return written;
  }

  #sample(
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    visit: SwarmVisit,
    leechersOnly: boolean,
    want: number,
  ): void {
    this.#sampler.into(visit.out, visit.outAt, visit.outPeerIds);
    visit.peers = this.#sampler.sample(peers, refAt, leechersOnly, want, this.#self);
    visit.ipv4Peers = 0;
    if (!visit.fillWithIpv4 || visit.family !== 6) return;
    const peers4 = this.#entries.peers4;
    const left = want - visit.peers;
    visit.ipv4Peers = this.#sampler.sample(peers4, familyRefAt(entry, 4), leechersOnly, left, nobody);
  }

  #refresh(
    shard: number,
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    visit: SwarmVisit,
    seeder: boolean,
    countedBefore: number,
    state: number,
  ): boolean {
    const self = this.#self;
    const wasSeeder = self.isSeeder;
    let counted = countedBefore;
    if (seeder !== wasSeeder) {
      if (!peers.changeRole(refAt, self)) return false;
      this.#entries.count(shard, visit.family, seeder ? -1 : 1, seeder ? 1 : -1);
    }
    if (seeder && visit.event === Event.completed && !wasSeeder && counted === 0) {
      this.#entries.countDownload(entry);
      counted = countedFlag;
    }
    peers.setState(refAt, self, state | counted);
    peers.setPeerId(self, visit.peerId, visit.peerIdAt);
    return true;
  }

  #insert(
    shard: number,
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    visit: SwarmVisit,
    seeder: boolean,
    state: number,
  ): boolean {
    const hadPeers = this.#entries.hasPeers(entry);
    const counted = seeder && visit.event === Event.completed ? countedFlag : 0;
    const lastWord = wirePort(visit.port) | ((state | counted) << 16);
    const { address, addressAt, peerId, peerIdAt } = visit;
    const crowding = this.#crowding;
    if (this.#caps.findCrowding(peers, refAt, address, addressAt, tickIn(state), crowding)) {
      if (this.#journal.isOpen) this.#noteCrowding(peers, visit);
      this.#entries.count(shard, visit.family, crowding.isSeeder ? 0 : -1, crowding.isSeeder ? -1 : 0);
      peers.remove(refAt, crowding);
    }
    this.#entries.noteArrival(entry, visit.family, address, addressAt);
    if (!peers.insert(refAt, seeder, address, addressAt, lastWord, peerId, peerIdAt)) return false;
    this.#added = true;
    if (counted !== 0) this.#entries.countDownload(entry);
    if (!hadPeers) this.#entries.countSwarm(shard, entry);
    this.#entries.count(shard, visit.family, seeder ? 0 : 1, seeder ? 1 : 0);
    return true;
  }

  /** Notes one who announces, but not one who only stays where nobody has to be told. */
  #noteJoin(visit: SwarmVisit, found: boolean, known: number, tick: number, partial: number): void {
    const { seeding, event, address, addressAt, port } = visit;
    const stays = found && seeding === this.#self.isSeeder && (known & partialFlag) === partial;
    const isOwn = (known & remoteFlag) === 0;
    if (stays && isOwn && this.#journal.isNoNews(tickIn(known), tick, address[addressAt], port)) return;
    const completes = seeding && event === Event.completed && !(found && this.#self.isSeeder);
    const completed = completes && (known & countedFlag) === 0 ? ChangeFlag.completed : 0;
    this.#note(visit, completed | (stays ? ChangeFlag.stays : 0));
  }

  #note({ infoHash, infoHashAt, family, address, addressAt, port }: SwarmVisit, happened: number): void {
    this.#journal.notePeer(infoHash, infoHashAt, family, address, addressAt, wirePort(port), happened);
  }

  /** The peer that was found makes room for another of its address. */
  #noteCrowding(peers: FamilyPeers, { infoHash, infoHashAt, family }: SwarmVisit): void {
    const record = recordAt(this.#crowding.block, peers.stride, this.#crowding.index);
    const port = this.#words[record + peers.stride - 1] & 0xffff;
    this.#journal.notePeer(infoHash, infoHashAt, family, this.#words, record, port, ChangeFlag.stopped);
  }

  #answerCounts(entry: number, visit: SwarmVisit): void {
    visit.complete = this.#entries.complete(entry);
    visit.incomplete = this.#entries.incomplete(entry);
    visit.downloaded = this.#entries.downloaded(entry);
  }

  #peersOf(family: 4 | 6): FamilyPeers {
    return family === 4 ? this.#entries.peers4 : this.#entries.peers6;
  }
}

/** Whether the announcer, who is in a swarm of this scope, is none of those who may share an address. */
function isLimited(scope: number, visit: SwarmVisit): boolean {
  if (scope !== mixedScopes) return scope === Scope.public;
  return !isLocalScope(scopeOf(visit.family, visit.address, visit.addressAt));
}

/** The two bytes of a port in network order, read as a little-endian number: how a record holds it. */
function wirePort(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8);
}
