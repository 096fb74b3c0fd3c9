// How nodes find out that they do not have the same, and mend it: in a round all of them sum up what they have at the same
// place in the row of messages, park the sums, and send what differs.
//
//   sum    {is, round, nodes}: sum up now, these nodes; said once a minute by one node, and by whoever has lost something
//          or joins
//   sums   {is, round}: this node's sums are parked
//   state  {is, round, parts}: the shards that this node has to send are parked; of each part how many milliseconds before
//
// Each node knows from the sums alone who sends what, so nobody has to be asked.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ClusterParts, messageRoom } from './cluster-parts.ts';
import type { Merge } from './merge.ts';
import { openParked, sealParked } from './parked-message.ts';
import { pause } from './pause.ts';
import { addToSums, ShardSums, sendersOf } from './shard-sums.ts';
import type { Note } from './subscriber.ts';
import { type Message, MessageKind, MessageWriter, RecordReader, sealMessage } from './wire.ts';
import { stateRoom, writeState } from './write-state.ts';

const parkedSeconds = 180;
/** For the sums of nodes that may have ended meanwhile. */
const sumsWithinMs = 6000;
const stateWithinMs = 60_000;
const mostRounds = 4;
const recordsPerSlice = 2000;
/** A round that was begun longer ago is over: who reads on after an hour is not to take part in sixty of them. */
const begunWithinMs = 10_000;

interface Round {
  readonly name: string;
  /** Who takes part: named by whoever began it, because nodes learn of each other at different times. */
  readonly nodes: readonly string[];
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
}

export class Comparing {
  /** Since the start: rounds, shards that this node has sent, and records that changed something here. */
  readonly counts = { rounds: 0, shardsSent: 0, mended: 0 };
  readonly #parts: ComparingParts;
  readonly #rounds = new Map<string, Round>();
  #started = 0;
  #isClosed = false;

  constructor(parts: ComparingParts) {
    this.#parts = parts;
  }

  /** Has all nodes compare; resolves when this one has what the others had. */
  async compare(): Promise<void> {
    const { sender, say, others } = this.#parts;
    const round = `${sender.node}.${sender.incarnation.toString(36)}.${++this.#started}`;
    say({ is: 'sum', round, nodes: [...others(), sender.node] });
    for (let waited = 0; waited < stateWithinMs && !this.#isClosed; waited += 50) {
      const known = this.#rounds.get(round);
      if (known) return known.done;
      await pause(50);
    }
  }

  /** What a node, this one too, has said about comparing, and how long ago. */
  hear({ is, round: name, parts, nodes }: Note, { node }: Message, agoMs: number): void {
    if (typeof name !== 'string' || name.length > 400) return;
    const round = this.#rounds.get(name);
    if (is === 'sum' && round === undefined && Array.isArray(nodes)) {
      if (agoMs < begunWithinMs && nodes.includes(this.#parts.sender.node))
        this.#begin(name, nodes.map(String));
    } else if (is === 'sums' && round && node !== this.#parts.sender.node)
      this.#inBackground(this.#fetchSums(round, node));
    else if (is === 'state' && round && Array.isArray(parts) && node !== this.#parts.sender.node)
      this.#inBackground(this.#fetchState(round, node, parts.map(Number), this.#parts.now() - agoMs));
  }

  close(): void {
    this.#isClosed = true;
  }

  #begin(name: string, nodes: readonly string[]): void {
    const ended = { resolve: () => {} };
    const done = new Promise<void>((resolve) => {
      ended.resolve = resolve;
    });
    const round: Round = { name, nodes, sums: new Map(), states: new Set(), done };
    this.#rounds.set(name, round);
    for (const old of this.#rounds.keys()) if (this.#rounds.size > mostRounds) this.#rounds.delete(old);
    this.counts.rounds++;
    this.#inBackground(this.#run(round).finally(ended.resolve));
  }

  async #run(round: Round): Promise<void> {
    const { engine, sender } = this.#parts;
    const summed = await this.#sumUp();
    await engine.park(
      `${round.name}/${sender.node}`,
      sealParked(this.#parts, summed.encode()),
      parkedSeconds,
    );
    this.#parts.say({ is: 'sums', round: round.name });
    const others = round.nodes.filter((node) => node !== sender.node);
    await this.#until(sumsWithinMs, () => others.every((node) => round.sums.has(node)));
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

  async #sumUp(): Promise<ShardSums> {
    const sums = new ShardSums();
    const reader = this.#parts.store.createPeerReader();
    while (!reader.done && !this.#isClosed) {
      addToSums(reader, sums, this.#seconds());
      await nextTurn();
    }
    return sums.fitting();
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
    const { engine, merge, now } = this.#parts;
    for (let part = 0; part < ages.length && !this.#isClosed; part++) {
      const message = openParked(this.#parts, await engine.fetch(`${round.name}/${node}/${part}`));
      if (message === undefined || message.kind !== MessageKind.parked) continue;
      const before = merge.counts.changed;
      const reader = new RecordReader(message);
      for (let records = 1; reader.next(); records++) {
        const { record, downloaded } = reader;
        if (downloaded >= 0) merge.total(record.infoHash, downloaded);
        else merge.parked(record, said - ages[part], message.secondsPerTick, now());
        if (records % recordsPerSlice === 0) await nextTurn();
      }
      this.counts.mended += merge.counts.changed - before;
    }
    round.states.add(node);
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
