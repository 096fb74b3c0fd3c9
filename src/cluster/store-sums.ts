// What this node had at one place in the row of messages, summed up while peers come and go.
//
// To read all peers takes a large node seconds. Who comes, goes or changes meanwhile is in the sums of one node as before and in
// those of another as after, though nothing is missing anywhere. So each node notes of which small shards it is unsure: of
// all that news name between the place where it began and the one where it had read everything, its own news too. What any
// node is unsure of all of them leave out, and the next comparison looks at it. News of peers that only stay are none of
// that: when a peer was seen is in no sum.
//
// Nodes do not forget a peer at the same moment, as they know to a few seconds only when it was seen. So those that are
// about to be forgotten are left out too, and who is close to that is unsure.

import type { PeerReader, ReadPeer } from '../swarm/peer-reader.ts';
import { type HashedPeer, PeerHash } from './peer-hash.ts';
import { RecordReader } from './record-reader.ts';
import { ShardSums } from './shard-sums.ts';
import { UnsureShards } from './unsure-shards.ts';
import type { Message } from './wire.ts';

/** More than ages of one peer are apart on two nodes that were told of its last announce. */
const sureSeconds = 4;
/** Longer than it takes to read all peers. */
const mostMarginSeconds = 120;
/** Of the TTL, where that is short. */
const marginShare = 1 / 8;

export interface StoreSumsOptions {
  /** Of a hash, that name a small shard; the same on all nodes. */
  readonly bits: number;
  readonly ttlTicks: number;
  readonly secondsPerTick: number;
  /** Whole seconds of the monotonic clock. */
  readonly begunAt: number;
  /** Told of each peer, with its age in ticks when this began. */
  readonly met?: (peer: ReadPeer, age: number) => void;
}

export class StoreSums {
  readonly unsure: UnsureShards;
  readonly #reader: PeerReader;
  readonly #options: StoreSumsOptions;
  readonly #sums: ShardSums;
  readonly #hash = new PeerHash();
  readonly #comparedTicks: number;
  readonly #unsureTicks: number;
  readonly #lastSwarm = new Int32Array(5);
  #isFirst = true;
  /** Of the swarm whose peers come: how often it was downloaded, until that is in the sums. */
  #downloaded = 0;
  #swarmHigh = 0;
  #swarmValue = 0;

  constructor(reader: PeerReader, options: StoreSumsOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#sums = new ShardSums(options.bits);
    this.unsure = new UnsureShards(options.bits);
    this.#comparedTicks = comparedTicks(options.ttlTicks, options.secondsPerTick);
    this.#unsureTicks = this.#comparedTicks - Math.ceil(sureSeconds / options.secondsPerTick);
  }

  get done(): boolean {
    return this.#reader.done;
  }

  /** Adds about a thousand peers; call until it is done. @param now whole seconds of the monotonic clock */
  read(now: number): void {
    const { begunAt, secondsPerTick, met } = this.#options;
    const elapsed = Math.floor((now - begunAt) / secondsPerTick);
    this.#reader.read(now, {
      swarm: (infoHash, downloaded, hasPeers) => {
        if (hasPeers) this.#beginSwarm(infoHash, downloaded);
      },
      peer: (peer) => {
        const age = peer.age - elapsed;
        met?.(peer, age);
        if (age < this.#comparedTicks) this.#add(peer, age);
      },
    });
  }

  /** News that have come since it began. */
  note(message: Message): void {
    const reader = new RecordReader(message);
    while (reader.next()) if (reader.downloaded < 0 && !reader.record.stays) this.#doubt(reader.record);
  }

  /** What all nodes can be sure of. */
  sureSums(others: Iterable<UnsureShards>): ShardSums {
    for (const other of others) this.unsure.addAll(other);
    const { counts, sums } = this.#sums;
    for (let shard = 0; shard < counts.length; shard++)
      if (this.unsure.has(shard)) counts[shard] = sums[shard] = 0;
    return this.#sums.fitting();
  }

  /** Of everything, though it may not be the same on all nodes. */
  allSums(): ShardSums {
    return this.#sums.fitting();
  }

  /** A large swarm comes in several parts, and its counter is one item; without peers it is none. */
  #beginSwarm(infoHash: Int32Array, downloaded: number): void {
    const last = this.#lastSwarm;
    if (!this.#isFirst && infoHash.every((word, i) => word === last[i])) return;
    this.#isFirst = false;
    last.set(infoHash);
    this.#downloaded = downloaded;
    if (downloaded === 0) return;
    this.#hash.ofSwarm(infoHash);
    this.#swarmHigh = this.#hash.high;
    this.#swarmValue = this.#hash.mixed(downloaded);
  }

  #add(peer: ReadPeer, age: number): void {
    if (this.#downloaded !== 0) {
      this.#sums.add(this.#swarmHigh, this.#swarmValue);
      this.#downloaded = 0;
    }
    this.#hash.of(peer);
    const { high } = this.#hash;
    this.#sums.add(high, this.#hash.mixed(peer.seeder ? 2 : peer.partial ? 1 : 0));
    if (age < this.#unsureTicks) return;
    this.#doubt(peer);
  }

  /** Of the peer, and of its swarm's counter, which is an item as long as there are peers. */
  #doubt(peer: HashedPeer): void {
    this.#hash.of(peer);
    this.unsure.add(this.#hash.high);
    this.#hash.ofSwarm(peer.infoHash);
    this.unsure.add(this.#hash.high);
  }
}

/** Peers that are older when a comparison begins are left out. */
export function comparedTicks(ttlTicks: number, secondsPerTick: number): number {
  const margin = Math.min(mostMarginSeconds / secondsPerTick, ttlTicks * marginShare);
  return Math.max(1, Math.floor(ttlTicks - margin));
}
