// The swarm store: who is in which swarm, in memory that every thread shares.
//
// One announce is one visit to one shard under its lock: find the swarm, find the peer, sample others, write the peer
// down. Time comes in as whole seconds of a monotonic clock; nothing here allocates on the JavaScript heap.

import { isLocalScope, Scope, scopeOf } from '../protocol/address-scope.ts';
import { Event } from '../protocol/event.ts';
import { AddressCaps } from './address-caps.ts';
import { countedFlag, partialFlag, recordAt, remoteFlag } from './block.ts';
import { ChangeEncoder } from './change-encoder.ts';
import { ChangeFlag, type ChangeJournal } from './change-journal.ts';
import { ChangeLoader } from './change-loader.ts';
import { Compactor } from './compactor.ts';
import { ConnectionSwarms } from './connection-swarms.ts';
import { Evictor } from './evictor.ts';
import type { FamilyPeers } from './family-peers.ts';
import { FoundPeer, nobody } from './found-peer.ts';
import { InfoHashTable } from './info-hash-table.ts';
import { familyRefAt, header, magic, mixedScopes, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { LookAhead } from './look-ahead.ts';
import { PeerNews } from './peer-news.ts';
import { PeerReader } from './peer-reader.ts';
import { RemotePeers } from './remote-peers.ts';
import { Sampler } from './sampler.ts';
import { ScopedChoice } from './scoped-choice.ts';
import { readShard } from './shard-swarms.ts';
import { SlabAllocator } from './slab-allocator.ts';
import { type ReadBytes, SnapshotDecoder } from './snapshot-decoder.ts';
import { SnapshotEncoder } from './snapshot-encoder.ts';
import { SnapshotLoader } from './snapshot-loader.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { StoreClock } from './store-clock.ts';
import { createStoreMemory, type StoreOptions } from './store-memory.ts';
import { readTotals, type StoreTotals } from './store-totals.ts';
import { StoreWalk } from './store-walk.ts';
import { SwarmDropper } from './swarm-dropper.ts';
import { SwarmEntries } from './swarm-entries.ts';
import type { SwarmCounts, SwarmVisit } from './swarm-visit.ts';
import { Sweeper } from './sweeper.ts';
import { ageOf, tickIn } from './tick.ts';

const attemptsWhenFull = 3;
/** 8 MiB; below, looking ahead was measured to cost as much as it saves. */
const chunksInCaches = 128;

export type { StoreOptions } from './store-memory.ts';
export type { StoreTotals } from './store-totals.ts';

export class SwarmStore {
  /** The shared memory; hand it to another thread and `attach` there. */
  readonly buffer: SharedArrayBuffer;
  /** The peers that are connections. */
  readonly connections: ConnectionSwarms;
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #journal: ChangeJournal;
  readonly #sampler: Sampler;
  readonly #scopedChoice: ScopedChoice;
  readonly #lookAhead: LookAhead;
  readonly #sweeper: Sweeper;
  readonly #evictor: Evictor;
  readonly #caps: AddressCaps;
  readonly #clock: StoreClock;
  readonly #secondsPerTick: number;
  /** The announcer's record, while its announce is applied, and the one that has to make room for it. */
  readonly #self = new FoundPeer();
  readonly #crowding = new FoundPeer();
  #earlyTicks = 0;
  #earlyWant = 0;
  /** A peer was added since it was last looked whether memory is short. */
  #added = false;

  private constructor(buffer: SharedArrayBuffer, seed: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#allocator = new SlabAllocator(this.#words);
    this.#table = new InfoHashTable(this.#words, this.#allocator);
    this.#entries = new SwarmEntries(this.#words, this.#allocator, this.#table);
    this.#journal = this.#entries.journal;
    this.#sampler = new Sampler(this.#words, seed);
    this.#scopedChoice = new ScopedChoice(this.#words, this.#entries, this.#sampler);
    this.#lookAhead = new LookAhead(this.#words, this.#table);
    this.#clock = new StoreClock(this.#words);
    const compactor = new Compactor(this.#words, this.#allocator, this.#table, this.#entries);
    this.#sweeper = new Sweeper(this.#words, this.#table, this.#entries, this.#clock, compactor);
    this.#evictor = new Evictor(this.#words, this.#table, this.#entries, compactor);
    this.#caps = new AddressCaps(this.#words);
    this.connections = new ConnectionSwarms(
      this.#words,
      this.#table,
      this.#entries,
      this.#evictor,
      this.#clock,
      ~seed,
    );
    this.#secondsPerTick = this.#words[header.secondsPerTick];
  }

  /** Reserves the memory and makes an empty store. `seed` starts the choice of peers. Throws RangeError. */
  static create(options: StoreOptions, seed: number): SwarmStore {
    return new SwarmStore(createStoreMemory(options), seed);
  }

  /** The store that another thread made, for this thread. */
  static attach(buffer: SharedArrayBuffer, seed: number): SwarmStore {
    if (new Int32Array(buffer, 0, 1)[0] !== magic) throw new TypeError('not the memory of a swarm store');
    return new SwarmStore(buffer, seed);
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

  /** Whether `lookAhead` is worth its time: a store of a few MiB stays in the processor's caches anyway. */
  get outgrowsCaches(): boolean {
    return this.#words[header.chunksInUse] > chunksInCaches;
  }

  /**
   * Begins to fetch what announces to these info_hashes will need; a hint that changes nothing. Worth it for batches of
   * several. `positions` are words in `data`, the first `count` of them.
   */
  lookAhead(data: Int32Array, positions: Int32Array, count: number, family: 4 | 6): void {
    this.#lookAhead.touch(data, positions, count, family);
  }

  /** Writes the counts of a torrent's peers of all kinds to `counts`; zeros when it is unknown, and nothing is created. */
  scrape(infoHash: Int32Array, at: number, counts: SwarmCounts): void {
    const hash = this.#table.hash(infoHash, at);
    const shard = this.#table.shardOf(hash);
    counts.complete = counts.incomplete = counts.downloaded = counts.downloaders = 0;
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, at);
      if (entry !== 0) {
        counts.complete = this.#entries.complete(entry);
        counts.incomplete = this.#entries.incomplete(entry);
        counts.downloaded = this.#entries.downloaded(entry);
        counts.downloaders = counts.incomplete - this.#entries.partial(entry);
      }
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    this.connections.addCounts(infoHash, at, counts);
  }

  /** How many shards `readShard` can read; a torrent may be in two of them, with peers of both kinds. */
  get shardCount(): number {
    return this.#table.allShards;
  }

  /** The swarms of one shard that have peers, `swarmWords` words each. */
  readShard(index: number): Int32Array {
    return readShard(this.#words, this.#table, this.#entries, this.#table.shardAt(index));
  }

  /**
   * Forgets expired peers among the next `records` records or so; call it again and again from one thread. True when
   * that completed a round over the whole store.
   */
  sweep(now: number, records: number): boolean {
    return this.#sweeper.sweep(now, records);
  }

  /** A reader of everything, in slices. */
  walk(): StoreWalk {
    return new StoreWalk(this.#words, this.#table, this.#entries);
  }

  /** Forgets a swarm with its peers and its counter; call until it returns true, each time for about a thousand peers. */
  drop(infoHash: Int32Array, at: number): boolean {
    return new SwarmDropper(this.#words, this.#table, this.#entries).drop(infoHash, at);
  }

  /** What writes the whole store down, a section at a time, while everything goes on. */
  createSnapshotEncoder(sectionWords?: number): SnapshotEncoder {
    return new SnapshotEncoder(
      this.#words,
      new SnapshotReader(this.#words, this.#table, this.#entries),
      this.#clock,
      sectionWords,
    );
  }

  /** What writes down the changes from now on, for whoever copies the store; one at a time. */
  createChangeEncoder(): ChangeEncoder {
    return new ChangeEncoder(this.#words, this.#table, this.#entries, this.#clock);
  }

  /** What tells other machines of the changes from `open` on; for one thread. */
  createPeerNews(): PeerNews {
    return new PeerNews(this.#words, this.#table, this.#entries, this.#clock);
  }

  /** What other machines' news are written down with; for one thread. */
  createRemotePeers(): RemotePeers {
    return new RemotePeers(this.#words, this.#table, this.#entries, this.#clock, this.#evictor);
  }

  /** What reads all peers and their ages, for one thread; `now` is whole seconds of the monotonic clock. */
  createPeerReader(): PeerReader {
    const reader = new SnapshotReader(this.#words, this.#table, this.#entries);
    return new PeerReader(reader, this.#clock);
  }

  /** What adds the swarms of a snapshot to this store. */
  createSnapshotDecoder(read: ReadBytes): SnapshotDecoder {
    const loader = new SnapshotLoader(this.#words, this.#table, this.#entries, this.#clock);
    const changeLoader = new ChangeLoader(this.#words, this.#table, this.#entries, loader);
    return new SnapshotDecoder(loader, changeLoader, read);
  }

  /** Totals; read without locks, so they may be a moment apart. */
  totals(): StoreTotals {
    return readTotals(this.#words, this.#table, this.#allocator);
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
    const stays =
      found && seeding === this.#self.isSeeder && (known & (partialFlag | remoteFlag)) === partial;
    if (stays && this.#journal.isNoNews(tickIn(known), tick, address[addressAt], port)) return;
    const completes = seeding && event === Event.completed && !(found && this.#self.isSeeder);
    this.#note(visit, completes && (known & countedFlag) === 0 ? ChangeFlag.completed : 0);
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
