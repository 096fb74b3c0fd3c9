// Which of two reports of a peer counts: what another node tells goes into the store unless something newer is known.
//
// The later report counts, by the clock of cluster-clock.ts. To the second the store's record says when the peer was seen
// last; what was said in the last moments is known exactly (`#said`), and who has left, for as long as anybody may still
// tell the opposite (`#left`). So replays and reports in another order change nothing. Where two cannot be told apart,
// news count as the later one, because the engine's order is the same for all nodes; parts of a parked state, in which
// ages are whole ticks, count then only where they add a peer or have it do more (seed rather than download), which leads
// to the same on both sides.
//
// What is told here, clearly older than what is known and something else, is answered with what is known, by the node to
// which the peer has said it: the node that told it, and all the others, go by something that is out of date. Of a peer that
// has left since, every node that remembers it says so, or that the peer has come back.

import { type RemotePeers, Told } from '../swarm/remote-peers.ts';
import { LastWords } from './last-words.ts';
import { type HashedPeer, PeerHash } from './peer-hash.ts';
import { batchRecords, type RecordBatch } from './record-batch.ts';
import type { WireRecord } from './record-layout.ts';

/** Longer than reports of one peer are apart by the inexactness of clocks and ticks. */
const sureMs = 3000;
const mostSaid = 1 << 18;
const mostLeft = 1 << 20;
const saidMs = 20_000;
/** No longer than this is remembered who has left. */
const longestLeftMs = 24 * 3600 * 1000;

export interface MergeCounts {
  /** Records that were looked at, those that changed the store, and those that found something newer. */
  records: number;
  changed: number;
  stale: number;
  /** No room in memory, or too many peers of one address. */
  refused: number;
}

/** What is known better than it was Told. */
export type Contradict = (record: Readonly<WireRecord>) => void;

export class Merge {
  readonly counts: MergeCounts = { records: 0, changed: 0, stale: 0, refused: 0 };
  readonly #peers: RemotePeers;
  readonly #said = new LastWords(mostSaid, saidMs);
  readonly #left: LastWords;
  readonly #hash = new PeerHash();
  /** Of the peers of a batch. */
  readonly #ahead = { high: new Int32Array(batchRecords), low: new Int32Array(batchRecords) };
  readonly #tickMs: number;
  readonly #ttlTicks: number;
  readonly #sureTicks: number;
  readonly #contradict: Contradict;

  constructor(peers: RemotePeers, contradict: Contradict) {
    this.#peers = peers;
    this.#contradict = contradict;
    this.#tickMs = peers.secondsPerTick * 1000;
    this.#ttlTicks = peers.ttlTicks;
    this.#sureTicks = Math.ceil(sureMs / this.#tickMs);
    this.#left = new LastWords(mostLeft, Math.min(this.#ttlTicks * this.#tickMs, longestLeftMs));
  }

  /** Of this node's ticks. */
  get secondsPerTick(): number {
    return this.#tickMs / 1000;
  }

  /** A peer of this node has announced or left, as its journal says. `now` is milliseconds of the monotonic clock. */
  noteOwn(peer: HashedPeer, left: boolean, now: number): void {
    this.#hash.of(peer);
    const { high, low } = this.#hash;
    if (left) this.#left.set(high, low, now, now);
    else this.#said.set(high, low, now, now);
  }

  /**
   * A record of another node's news.
   * @param at when it was written, in milliseconds of this node's monotonic clock, as is `now`
   * @param tickSeconds of the sender's ticks
   */
  news(record: WireRecord, at: number, tickSeconds: number, now: number): Told {
    this.#hash.of(record);
    const { high, low } = this.#hash;
    return this.#apply(record, high, low, at - record.age * tickSeconds * 1000, now, true);
  }

  /** As `news`, one after the other. */
  allNews({ records, count }: RecordBatch, at: number, tickSeconds: number, now: number): void {
    const { high, low } = this.#ahead;
    for (let i = 0; i < count; i++) {
      this.#hash.of(records[i]);
      high[i] = this.#hash.high;
      low[i] = this.#hash.low;
    }
    this.#left.lookAhead(high, count);
    this.#said.lookAhead(high, count);
    this.#peers.lookAhead(records, count);
    for (let i = 0; i < count; i++) {
      const seen = at - records[i].age * tickSeconds * 1000;
      this.#apply(records[i], high[i], low[i], seen, now, true);
    }
  }

  /** A record of a state that another node has parked. */
  parked(record: WireRecord, at: number, tickSeconds: number, now: number): Told {
    this.#hash.of(record);
    const { high, low } = this.#hash;
    return this.#apply(record, high, low, at - record.age * tickSeconds * 1000, now, false);
  }

  /** How often a swarm has been downloaded, as another node knows it. */
  total(infoHash: Int32Array, downloaded: number): void {
    if (downloaded > 0) this.#peers.raiseDownloaded(infoHash, downloaded);
  }

  /** @param high with `low` the peer's hash */
  #apply(record: WireRecord, high: number, low: number, seen: number, now: number, exact: boolean): Told {
    this.counts.records++;
    const age = Math.max(0, Math.floor((now - seen) / this.#tickMs));
    if (age > this.#ttlTicks) return this.#count(Told.same);
    const left = this.#left.get(high, low);
    const said = this.#said.get(high, low);
    const isStale = exact
      ? (left !== undefined && seen <= left) || (said !== undefined && seen < said)
      : left !== undefined && seen < left - sureMs;
    if (isStale) return this.#stale(record, seen, left, now);
    const exactly = said === undefined ? 0 : 1;
    const slack = exact ? exactly : -this.#sureTicks;
    const outcome = record.gone
      ? this.#peers.leave(record, age, slack, Math.floor(now / 1000))
      : this.#peers.arrive(record, age, slack, Math.floor(now / 1000));
    if (outcome === Told.newer && this.#peers.newerBy > this.#sureTicks) this.#peers.tellOf(record);
    if (outcome !== Told.newer && outcome !== Told.refused && exact) {
      if (record.gone) this.#left.set(high, low, seen, now);
      else this.#said.set(high, low, seen, now);
    }
    return this.#count(outcome);
  }

  /** Somebody tells of a peer that has left since, or of a departure that was no last word. */
  #stale(record: WireRecord, seen: number, left: number | undefined, now: number): Told {
    // A download counts whenever it is Told.
    if (record.completed) this.#peers.leave(record, this.#ttlTicks, -1, Math.floor(now / 1000));
    if (record.gone || left === undefined || left - seen <= sureMs) return this.#count(Told.newer);
    // Who tells of an old visit, and whoever believes that the peer has left, does not know that it has come back.
    if (this.#peers.isThere(record)) this.#peers.tellOf(record);
    else {
      const age = Math.max(0, Math.floor((now - left) / this.#tickMs));
      this.#contradict({ ...record, age, gone: true, completed: false });
    }
    return this.#count(Told.newer);
  }

  #count(outcome: Told): Told {
    if (outcome === Told.changed) this.counts.changed++;
    else if (outcome === Told.newer) this.counts.stale++;
    else if (outcome === Told.refused) this.counts.refused++;
    return outcome;
  }
}
