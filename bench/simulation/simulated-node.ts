// A node as it runs, but for its clock and its sockets: the store, its news, what is written and read on the wire, the
// cluster's clock, the merge, and the sums by which nodes find out what differs.
import { ClusterClock } from '../../src/cluster/cluster-clock.ts';
import { Merge } from '../../src/cluster/merge.ts';
import { overdueAges } from '../../src/cluster/overdue.ts';
import type { WireRecord } from '../../src/cluster/record-layout.ts';
import { RecordReader } from '../../src/cluster/record-reader.ts';
import type { ShardSums } from '../../src/cluster/shard-sums.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { StoreSums } from '../../src/cluster/store-sums.ts';
import type { UnsureShards } from '../../src/cluster/unsure-shards.ts';
import { MessageKind, MessageWriter, openMessage, sealMessage } from '../../src/cluster/wire.ts';
import { writeNews } from '../../src/cluster/write-news.ts';
import { stateRoom, writeState } from '../../src/cluster/write-state.ts';
import { Event } from '../../src/protocol/event.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import type { SwarmVisit } from '../../src/swarm/swarm-visit.ts';
import { refreshTicksFor } from '../../src/swarm/tick.ts';

const signature = createSignature('of the simulation');
const recordsPerMessage = 8000;

export interface WaitingMessage {
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly madeAt: number;
}

export class SimulatedNode {
  readonly store: SwarmStore;
  readonly merge: Merge;
  /** Behind this message it has read everything. */
  position = 0;
  /** What the engine has not taken yet. */
  waiting: WaitingMessage[] = [];
  /** Records. */
  readonly counts = { told: 0, heard: 0 };
  readonly #clock = new ClusterClock();
  readonly #news;
  readonly #writer: MessageWriter;
  readonly #state: MessageWriter;
  readonly #contradictions: WireRecord[] = [];
  readonly #offsetMs: number;
  readonly #visit = new PlainVisit();
  #number = 0;
  readonly #refreshTicks: number;
  readonly #peers;
  #summing: StoreSums | undefined;
  #summedAt = Number.NEGATIVE_INFINITY;

  /** @param offsetMs how far its clock is from the simulation's: no two agree */
  constructor(name: string, bytes: number, interval: number, peerTtl: number, offsetMs: number) {
    const hashKey = Int32Array.from([1, 2, 3, offsetMs]);
    this.store = SwarmStore.create({ memoryLimit: bytes, hashKey, peerTtl }, offsetMs | 1);
    this.merge = new Merge(this.store.createRemotePeers(), (record) =>
      this.#contradictions.push(structuredClone(record)),
    );
    this.#news = this.store.createPeerNews();
    this.#refreshTicks = refreshTicksFor(peerTtl, interval);
    this.#news.open(this.#refreshTicks);
    this.#peers = this.store.createRemotePeers();
    const sender = { node: name, incarnation: 1n };
    this.#writer = new MessageWriter(sender, recordsPerMessage * 41);
    this.#state = new MessageWriter(sender, stateRoom);
    this.#offsetMs = offsetMs;
  }

  announce(peer: number, swarm: number, event: Event, seeding: boolean, now: number): void {
    const visit = this.#visit;
    visit.infoHash[0] = swarm;
    visit.infoHash[1] = Math.imul(swarm, 0x9e3779b1);
    visit.address[0] = addressOf(peer);
    visit.event = event;
    visit.seeding = seeding;
    this.store.announce(visit, 0, this.#seconds(now));
  }

  /** Takes out what has changed here. */
  collect(now: number): void {
    for (let more = true; more; ) {
      this.#writer.begin(MessageKind.news, this.#number + 1, this.merge.secondsPerTick);
      while (this.#contradictions.length > 0 && this.#writer.hasRoom)
        this.#writer.peer(this.#contradictions.pop()!);
      more = writeNews(this.#news, this.merge, this.#writer, now + this.#offsetMs);
      const { records } = this.#writer;
      if (records === 0) break;
      this.#number++;
      this.counts.told += records;
      this.waiting.push({ bytes: this.#writer.end(), records, madeAt: now });
    }
  }

  seal(message: WaitingMessage, now: number): Uint8Array {
    sealMessage(message.bytes, Math.round(now - message.madeAt), signature);
    return message.bytes;
  }

  /** @param engineMs how long the message has lain in the engine */
  hear(bytes: Uint8Array, engineMs: number, now: number): void {
    const message = openMessage(bytes, signature);
    if (typeof message !== 'object') throw new Error(message);
    const own = now + this.#offsetMs;
    const at = this.#clock.timeOf(message, own, engineMs);
    const reader = new RecordReader(message);
    for (; reader.next(); this.counts.heard++)
      this.merge.news(reader.record, at, message.secondsPerTick, own);
  }

  /**
   * Begins to sum up what it has, which takes a large node its time while peers come and go.
   * @param bits of small shards: as many as a share of all has
   */
  beginSums(bits: number, now: number): void {
    const { ttlTicks, secondsPerTick } = this.#peers;
    const sinceSeconds = (now - this.#summedAt) / 1000;
    this.#summedAt = now;
    const overdue = overdueAges({ ttlTicks, secondsPerTick, refreshTicks: this.#refreshTicks, sinceSeconds });
    this.#summing = new StoreSums(this.store.createPeerReader(), {
      ...{ bits, ttlTicks, secondsPerTick, begunAt: this.#seconds(now) },
      met: (peer, age) => {
        if (!peer.remote && age >= overdue.from && age < overdue.to) this.#peers.tellAgeOf(peer);
      },
    });
  }

  /** Reads on, about a thousand peers each time; whether it has read all. */
  readOn(times: number, now: number): boolean {
    for (let i = 0; i < times && this.#summing?.done === false; i++) this.#summing.read(this.#seconds(now));
    return this.#summing?.done ?? false;
  }

  /** News of this node or another that come while it reads. */
  note(bytes: Uint8Array): void {
    if (this.#summing === undefined) return;
    const message = openMessage(bytes, signature);
    if (typeof message === 'object') this.#summing.note(message);
  }

  get unsure(): UnsureShards {
    return this.#summing!.unsure;
  }

  /** The sums of what all nodes are sure of. @param bits of shards: as many as a share of all has */
  endSums(unsure: readonly UnsureShards[], bits: number): ShardSums {
    const sums = this.#summing!.sureSums(unsure).folded(bits);
    this.#summing = undefined;
    return sums;
  }

  /** What is in these shards, to be told to nodes that have something else. */
  *state(shards: ReadonlySet<number>, bits: number, now: () => number): Generator<Uint8Array> {
    const reader = this.store.createPeerReader();
    while (!reader.done) {
      this.#state.begin(MessageKind.parked, 0, this.merge.secondsPerTick);
      writeState(reader, (high) => shards.has(high >>> (32 - bits)), this.#state, this.#seconds(now()));
      if (this.#state.records === 0) continue;
      const message = this.#state.end();
      sealMessage(message, 0, signature);
      yield message;
    }
  }

  hearState(bytes: Uint8Array, toldAt: number, now: number): void {
    const message = openMessage(bytes, signature);
    if (typeof message !== 'object') throw new Error(message);
    const reader = new RecordReader(message);
    while (reader.next()) {
      if (reader.downloaded >= 0) this.merge.total(reader.record.infoHash, reader.downloaded);
      else
        this.merge.parked(
          reader.record,
          toldAt + this.#offsetMs,
          message.secondsPerTick,
          now + this.#offsetMs,
        );
    }
  }

  sweep(now: number, records: number): void {
    this.store.sweep(this.#seconds(now), records);
  }

  /** Sets a byte for each peer that it would hand out. */
  mark(known: Uint8Array, now: number): void {
    known.fill(0);
    const reader = this.store.createPeerReader();
    while (!reader.done)
      reader.read(this.#seconds(now), {
        swarm: () => {},
        peer: ({ address }) => {
          known[peerOf(address[0])] = 1;
        },
      });
  }

  #seconds(now: number): number {
    return Math.floor((now + this.#offsetMs) / 1000);
  }
}

/** Public addresses, another one for each peer: 32.0.0.0 and above, in wire order. */
function addressOf(peer: number): number {
  const address = 0x20000000 + peer;
  return (address >>> 24) | ((address >>> 8) & 0xff00) | ((address & 0xff00) << 8) | (address << 24);
}

function peerOf(address: number): number {
  const swapped =
    ((address & 0xff) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24);
  return (swapped >>> 0) - 0x20000000;
}

class PlainVisit implements SwarmVisit {
  readonly infoHash = new Int32Array(5);
  readonly infoHashAt = 0;
  readonly peerId = new Int32Array(5);
  readonly peerIdAt = 0;
  readonly address = new Int32Array(4);
  readonly addressAt = 0;
  readonly family = 4;
  readonly port = 6881;
  event: Event = Event.none;
  seeding = false;
  readonly out = new Uint16Array(16);
  readonly outAt = 0;
  readonly outPeerIds = undefined;
  readonly fillWithIpv4 = false;
  complete = 0;
  incomplete = 0;
  downloaded = 0;
  peers = 0;
  ipv4Peers = 0;
  early = false;
}
