// The swarm store: who is in which swarm, in memory that every thread shares, and all that can be done with it.
//
// Time comes in as whole seconds of a monotonic clock; announcing and scraping allocate nothing on the JavaScript heap.

import { ChangeEncoder } from './change-encoder.ts';
import { ChangeLoader } from './change-loader.ts';
import { Compactor } from './compactor.ts';
import { ConnectionSwarms } from './connection-swarms.ts';
import { EndpointSwarms } from './endpoint-swarms.ts';
import { Evictor } from './evictor.ts';
import { InfoHashTable } from './info-hash-table.ts';
import { header, magic, shardRow } from './layout.ts';
import { LeaverWalk } from './leaver-walk.ts';
import { lock, unlock } from './lock.ts';
import { LookAhead } from './look-ahead.ts';
import { PeerNews } from './peer-news.ts';
import { PeerReader } from './peer-reader.ts';
import { RemotePeers } from './remote-peers.ts';
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
import { ThreadPeers } from './thread-peers.ts';

/** 8 MiB; below, looking ahead was measured to cost as much as it saves. */
const chunksInCaches = 128;

export type { StoreOptions } from './store-memory.ts';
export type { StoreTotals } from './store-totals.ts';

export class SwarmStore {
  /** The shared memory; hand it to another thread and `attach` there. */
  readonly buffer: SharedArrayBuffer;
  /** The peers that are connections. */
  readonly connections: ConnectionSwarms;
  readonly #endpoints: EndpointSwarms;
  readonly #words: Int32Array;
  readonly #allocator: SlabAllocator;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #lookAhead: LookAhead;
  readonly #createWalk: (firstShard: number) => LeaverWalk;
  readonly #sweeper: Sweeper;
  readonly #evictor: Evictor;
  readonly #clock: StoreClock;

  private constructor(buffer: SharedArrayBuffer, seed: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#allocator = new SlabAllocator(this.#words);
    this.#table = new InfoHashTable(this.#words, this.#allocator);
    this.#entries = new SwarmEntries(this.#words, this.#allocator, this.#table);
    this.#lookAhead = new LookAhead(this.#words, this.#table);
    this.#clock = new StoreClock(this.#words);
    const compactor = new Compactor(this.#words, this.#allocator, this.#table, this.#entries);
    this.#createWalk = (firstShard) =>
      new LeaverWalk(this.#words, this.#table, this.#entries, compactor, firstShard);
    this.#sweeper = new Sweeper(this.#words, this.#createWalk(0), this.#clock, compactor);
    this.#evictor = new Evictor(this.#words, this.#table, this.#entries, compactor);
    this.#endpoints = new EndpointSwarms(
      this.#words,
      this.#table,
      this.#entries,
      this.#evictor,
      this.#clock,
      seed,
    );
    this.connections = new ConnectionSwarms(
      this.#words,
      this.#table,
      this.#entries,
      this.#evictor,
      this.#clock,
      ~seed,
    );
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

  /** See `EndpointSwarms.limitEarly`. */
  limitEarly(seconds: number, want: number): void {
    this.#endpoints.limitEarly(seconds, want);
  }

  /**
   * Applies one announce and answers it: counts with the announcer (unless it stopped), and up to `want` other peers.
   * False when memory is full of what may not be evicted; then nothing is stored.
   */
  announce(visit: SwarmVisit, want: number, now: number): boolean {
    return this.#endpoints.announce(visit, want, now);
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
    this.connections.counts.add(infoHash, at, counts);
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

  /**
   * Forgets the peers over connections that a thread held, opened no later than the one of a generation (an int32); call its
   * `forget` until it returns true, from one thread. Others go on meanwhile, and so does that thread, started again.
   */
  peersOfThread(thread: number, generation: number): ThreadPeers {
    return new ThreadPeers(this.#createWalk(this.#table.shardCount), thread, generation);
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
}
