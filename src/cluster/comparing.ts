// How nodes find out that they do not have the same, and mend it: in a round all of them sum up what they have at the same
// place in the row of messages, park the sums, and send what differs.
//
//   sum    {is, round, nodes, bits, all}: sum up now, these nodes, in small shards of so many bits; said once a minute by one
//          node, and with `all` by whoever has lost something or joins: then nothing is left out, and some is sent in vain
//   read   {is, round}: this node has read all that it has; for itself, as it is unsure of what was news until then
//   unsure {is, round}: which small shards that were is parked; all nodes leave out what any of them is unsure of
//   sums   {is, round}: this node's sums are parked
//   state  {is, round, parts}: the shards that this node has to send are parked; of each part how many milliseconds before
//
// Each node knows from the sums alone who sends what, so nobody has to be asked.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RemotePeers, Told } from '../swarm/remote-peers.ts';
import { type ClusterParts, messageRoom } from './cluster-parts.ts';
import type { Merge } from './merge.ts';
import { overdueAges } from './overdue.ts';
import { openParked, sealParked } from './parked-message.ts';
import { pause } from './pause.ts';
import type { WireRecord } from './record-layout.ts';
import { RecordReader } from './record-reader.ts';
import { ShardSums, sendersOf } from './shard-sums.ts';
import { StoreSums } from './store-sums.ts';
import type { Note } from './subscriber.ts';
import { isSmallShardBits, smallShardBits, UnsureShards } from './unsure-shards.ts';
import { type Message, MessageKind, MessageWriter, sealMessage } from './wire.ts';
import { stateRoom, writeState } from './write-state.ts';

const parkedSeconds = 180;
/** For what nodes say that may have ended meanwhile; longer where it takes this one itself longer to read all. */
const answerWithinMs = 6000;
const stateWithinMs = 60_000;
const mostRounds = 4;
const recordsPerSlice = 2000;
/** A round that was begun longer ago is over: who reads on after an hour is not to take part in sixty of them. */
const begunWithinMs = 10_000;

interface Round {
  readonly name: string;
  /** Who takes part: named by whoever began it, because nodes learn of each other at different times. */
  readonly nodes: readonly string[];
  /** Notes what is news, until this node has heard itself say that it has read all. */
  noting: StoreSums | undefined;
  /** Somebody has lost something: what nodes are unsure of counts too. */
  readonly isOfAll: boolean;
  readonly unsure: Map<string, UnsureShards>;
  readonly sums: Map<string, ShardSums>;
  /** Nodes whose states have been taken up. */
  readonly states: Set<string>;
  readonly done: Promise<void>;
}

export interface ComparingParts extends ClusterParts {
  readonly merge: Merge;
  say(note: Note): void;
  /** Names of the nodes that live, but for this one. */
  others(): readonly string[];
  /** Of the node that has most. */
  mostPeers(): number;
  /** In how many ticks others are told once of a peer that only stays. */
  readonly refreshTicks: number;
}

export class Comparing {
  /** Since the start: rounds, shards that this node has sent, and records that changed something here. */
  readonly counts = { rounds: 0, shardsSent: 0, mended: 0 };
  readonly #parts: ComparingParts;
  readonly #rounds = new Map<string, Round>();
  readonly #peers: RemotePeers;
  #started = 0;
  #summedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(parts: ComparingParts) {
    this.#parts = parts;
    this.#peers = parts.store.createRemotePeers();
  }

  /**
   * Has all nodes compare; resolves when this one has what the others had.
   * @param isOfAll whether something is missing for sure, so that nothing is to be left for the next time
   */
  async compare(isOfAll: boolean): Promise<void> {
    const { sender, say, others, mostPeers } = this.#parts;
    const round = `${sender.node}.${sender.incarnation.toString(36)}.${++this.#started}`;
    const nodes = [...others(), sender.node];
    say({ is: 'sum', round, nodes, bits: smallShardBits(mostPeers()), all: isOfAll });
    for (let waited = 0; waited < stateWithinMs && !this.#isClosed; waited += 50) {
      const known = this.#rounds.get(round);
      if (known) return known.done;
      await pause(50);
    }
  }

  /** What a node, this one too, has said about comparing, and how long ago. */
  hear({ is, round: name, parts, nodes, bits, all }: Note, { node }: Message, agoMs: number): void {
    if (typeof name !== 'string' || name.length > 400) return;
    const round = this.#rounds.get(name);
    const isOwn = node === this.#parts.sender.node;
    if (is === 'sum' && round === undefined && Array.isArray(nodes)) {
      if (agoMs < begunWithinMs && nodes.includes(this.#parts.sender.node))
        this.#begin(name, nodes.map(String), isSmallShardBits(bits) ? bits : smallShardBits(0), all === true);
    } else if (is === 'read' && round && isOwn) round.noting = undefined;
    else if (is === 'unsure' && round && !isOwn) this.#inBackground(this.#fetchUnsure(round, node));
    else if (is === 'sums' && round && !isOwn) this.#inBackground(this.#fetchSums(round, node));
    else if (is === 'state' && round && Array.isArray(parts) && !isOwn)
      this.#inBackground(this.#fetchState(round, node, parts.map(Number), this.#parts.now() - agoMs));
  }

  /** News of this node or another, before they are applied. */
  hearNews(message: Message): void {
    for (const { noting } of this.#rounds.values()) noting?.note(message);
  }

  close(): void {
    this.#isClosed = true;
  }

  #begin(name: string, nodes: readonly string[], bits: number, isOfAll: boolean): void {
    const ended = { resolve: () => {} };
    const done = new Promise<void>((resolve) => {
      ended.resolve = resolve;
    });
    const own = this.#beginSums(bits);
    const round: Round = {
      ...{ name, nodes, noting: own, isOfAll, done },
      ...{ unsure: new Map(), sums: new Map(), states: new Set() },
    };
    this.#rounds.set(name, round);
    for (const old of this.#rounds.keys()) if (this.#rounds.size > mostRounds) this.#rounds.delete(old);
    this.counts.rounds++;
    this.#inBackground(this.#run(round, own).finally(ended.resolve));
  }

  async #run(round: Round, reading: StoreSums): Promise<void> {
    const { sender } = this.#parts;
    const others = round.nodes.filter((node) => node !== sender.node);
    const summed = await this.#sumUp(round, reading, others);
    const all = new Map(
      others.flatMap((node) => {
        const sums = round.sums.get(node);
        return sums ? [[node, sums] as const] : [];
      }),
    );
    all.set(sender.node, summed);
    const senders = sendersOf(all);
    const own = senders.get(sender.node);
    if (own) await this.#sendState(round, Math.min(...[...all.values()].map(({ bits }) => bits)), own);
    senders.delete(sender.node);
    await this.#until(stateWithinMs, () => [...senders.keys()].every((node) => round.states.has(node)));
  }

  /** Of which all nodes are sure; resolves when it has those of the others. */
  async #sumUp(round: Round, reading: StoreSums, others: readonly string[]): Promise<ShardSums> {
    const { sender, now, say } = this.#parts;
    const { name, unsure, sums } = round;
    const begun = now();
    await this.#readAll(reading);
    say({ is: 'read', round: name });
    const withinMs = Math.max(answerWithinMs, 2 * (now() - begun));
    await this.#until(withinMs, () => round.noting === undefined);
    round.noting = undefined;
    await this.#park(`${name}/${sender.node}/unsure`, reading.unsure.encode());
    say({ is: 'unsure', round: name });
    // Who tells its sums at once is unsure of nothing.
    await this.#until(withinMs, () => others.every((node) => unsure.has(node) || sums.has(node)));
    const summed = round.isOfAll ? reading.allSums() : reading.sureSums(unsure.values());
    unsure.clear();
    await this.#park(`${name}/${sender.node}`, summed.encode());
    say({ is: 'sums', round: name });
    await this.#until(withinMs, () => others.every((node) => sums.has(node)));
    return summed;
  }

  #beginSums(bits: number): StoreSums {
    const { store, refreshTicks, now } = this.#parts;
    const { ttlTicks, secondsPerTick } = this.#peers;
    const sinceSeconds = (now() - this.#summedAt) / 1000;
    this.#summedAt = now();
    const overdue = overdueAges({ ttlTicks, secondsPerTick, refreshTicks, sinceSeconds });
    return new StoreSums(store.createPeerReader(), {
      ...{ bits, ttlTicks, secondsPerTick, begunAt: this.#seconds() },
      met: (peer, age) => {
        if (!peer.remote && age >= overdue.from && age < overdue.to) this.#peers.tellAgeOf(peer);
      },
    });
  }

  async #readAll(own: StoreSums): Promise<void> {
    while (!own.done && !this.#isClosed) {
      own.read(this.#seconds());
      await nextTurn();
    }
  }

  async #park(name: string, body: Uint8Array): Promise<void> {
    await this.#parts.engine.park(name, sealParked(this.#parts, body), parkedSeconds);
  }

  async #fetchUnsure(round: Round, node: string): Promise<void> {
    const parked = await this.#parts.engine.fetch(`${round.name}/${node}/unsure`);
    const unsure = UnsureShards.decode(openParked(this.#parts, parked)?.body ?? none);
    if (unsure) round.unsure.set(node, unsure);
  }

  async #fetchSums(round: Round, node: string): Promise<void> {
    const sums = ShardSums.decode(
      openParked(this.#parts, await this.#parts.engine.fetch(`${round.name}/${node}`))?.body ?? none,
    );
    if (sums) round.sums.set(node, sums);
  }

  async #sendState(round: Round, bits: number, shards: ReadonlySet<number>): Promise<void> {
    const { engine, sender, store, say } = this.#parts;
    const reader = store.createPeerReader();
    // Of its own: another round may send at the same time.
    const writer = new MessageWriter(sender, messageRoom + stateRoom);
    const parkedAt: number[] = [];
    const park = async () => {
      if (writer.records === 0) return;
      const message = writer.end();
      sealMessage(message, 0, this.#parts.signature);
      await engine.park(`${round.name}/${sender.node}/${parkedAt.length}`, message, parkedSeconds);
      parkedAt.push(this.#parts.now());
    };
    const begin = () => writer.begin(MessageKind.parked, 0, this.#parts.merge.secondsPerTick);
    begin();
    while (!reader.done && !this.#isClosed) {
      writeState(reader, (high) => shards.has(high >>> (32 - bits)), writer, this.#seconds());
      if (writer.length > messageRoom) {
        await park();
        begin();
      }
      await nextTurn();
    }
    await park();
    this.counts.shardsSent += shards.size;
    const now = this.#parts.now();
    say({ is: 'state', round: round.name, parts: parkedAt.map((at) => Math.round(now - at)) });
  }

  async #fetchState(round: Round, node: string, ages: readonly number[], said: number): Promise<void> {
    const { engine, merge } = this.#parts;
    for (let part = 0; part < ages.length && !this.#isClosed; part++) {
      const message = openParked(this.#parts, await engine.fetch(`${round.name}/${node}/${part}`));
      if (message === undefined || message.kind !== MessageKind.parked) continue;
      const reader = new RecordReader(message);
      for (let records = 1; reader.next(); records++) {
        const { record, downloaded } = reader;
        if (downloaded >= 0) merge.total(record.infoHash, downloaded);
        else if (this.#isMended(record, said - ages[part], message.secondsPerTick)) this.counts.mended++;
        if (records % recordsPerSlice === 0) await nextTurn();
      }
    }
    round.states.add(node);
  }

  #isMended(record: WireRecord, at: number, tickSeconds: number): boolean {
    return this.#parts.merge.parked(record, at, tickSeconds, this.#parts.now()) === Told.changed;
  }

  async #until(withinMs: number, isSo: () => boolean): Promise<void> {
    for (let waited = 0; waited < withinMs && !isSo() && !this.#isClosed; waited += 50) await pause(50);
  }

  #seconds(): number {
    return Math.floor(this.#parts.now() / 1000);
  }

  /** The engine may go in the midst of a round: the next one does what this one did not. */
  #inBackground(work: Promise<void>): void {
    work.catch(() => {});
  }
}

const none = new Uint8Array();
