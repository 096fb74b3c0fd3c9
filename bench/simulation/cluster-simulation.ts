// A cluster in virtual time: nodes with the code that nodes run, a modelled engine, and what becomes of both when a node dies
// and another is cut off.
//
// Only a share of the peers is there, one in `sample`, and everything that is counted in peers or bytes is multiplied. Shards
// by which nodes compare are as large as they would be: there are `sample` times fewer of them.
import { sendersOf } from '../../src/cluster/shard-sums.ts';
import { Crowd } from './crowd.ts';
import { ModelledEngine } from './modelled-engine.ts';
import { SimulatedNode } from './simulated-node.ts';

export interface Plan {
  readonly nodes: number;
  /** There at any time, and announces of all of them a second. */
  readonly peers: number;
  readonly announces: number;
  /** One peer in so many is simulated: a power of two from 1 to 4096. */
  readonly sample: number;
  /** Virtual seconds after the swarms have filled. */
  readonly seconds: number;
  /** Seconds without an announce until a peer is forgotten. */
  readonly peerTtl: number;
  /** Share of announces with which one peer goes and another comes. */
  readonly changes: number;
  /** Bytes that the engine takes and gives a second. */
  readonly engineRate: number;
  /** Bytes of news that it keeps. */
  readonly keptBytes: number;
  /** Bytes that wait in a node for an engine that it does not reach. */
  readonly mostWaiting: number;
  /** Seconds for which a node is cut off. */
  readonly partition: number;
  /** Seconds in which a node sums up all that it has. */
  readonly sumSeconds: number;
  readonly seed: number;
}

/** How it is at a moment; peers of the whole cluster, the worst of all living nodes that reach the engine. */
export interface Moment {
  readonly second: number;
  readonly event: string;
  /** Acknowledged anywhere more than two seconds before, and not known. */
  readonly missed: number;
  /** Gone for more than two seconds, and still handed out. */
  readonly ghosts: number;
  readonly lagMs: number;
  readonly bytesPerSecond: number;
}

export interface Outcome {
  readonly moments: readonly Moment[];
  /** Of each node, bytes a second to and from the engine, without comparing. */
  readonly out: number;
  readonly in: number;
  /** Share of its time in which the engine was at work. */
  readonly engineBusy: number;
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Records a second that a node applies. */
  readonly heardPerSecond: number;
  /** Share of announces that the others are told of. */
  readonly told: number;
  readonly cuts: number;
  readonly comparisons: number;
  /** Bytes of states that one comparison has sent, the most of all. */
  readonly mostCompared: number;
}

const stepMs = 75;
const compareEveryMs = 60_000;
const compareAfterMs = 3000;
const momentEveryMs = 5000;
const sureMs = 2000;
const headBytes = 60;
const messageBytes = 1 << 18;
const wayMs = 0.5;
/** What is parked for longer is gone. */
const parkedMs = 180_000;
const nothing = new Uint8Array(0);

export class ClusterSimulation {
  readonly #plan: Plan;
  readonly #interval: number;
  readonly #nodes: SimulatedNode[];
  readonly #living: number[];
  readonly #crowd: Crowd;
  readonly #engine: ModelledEngine;
  readonly #known: Uint8Array;
  readonly #lags: number[] = [];
  readonly #moments: Moment[] = [];
  /** Who still sends what differs, part by part, and as much of the first one's part as the engine has not carried yet. */
  #senders: Sender[] = [];
  #taking: readonly number[] = [];
  #sumsLeft = 0;
  #compared = 0;
  #comparedSince = 0;
  #summing: Map<number, ReturnType<SimulatedNode['sumOn']>> | undefined;
  #now = 0;
  #owed = 0;
  #announced = 0;
  #cutOff = -1;
  #compareAt = compareEveryMs;
  #event = '';
  #worstLag = 0;
  #newsBytes = 0;
  #bytesAtMoment = 0;
  #cuts = 0;
  #comparisons = 0;
  #mostCompared = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    const peers = Math.round(plan.peers / plan.sample);
    this.#interval = plan.peers / plan.announces;
    let state = plan.seed | 0;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 0) / 2 ** 32;
    };
    const most =
      peers + Math.ceil((plan.announces / plan.sample) * plan.changes * 1.3 * this.#allSeconds) + 1000;
    this.#crowd = new Crowd(peers, most, plan.changes, random);
    this.#known = new Uint8Array(most);
    const bytes = Math.max(16 * 2 ** 20, peers * 160);
    this.#nodes = Array.from(
      { length: plan.nodes },
      (_, i) =>
        new SimulatedNode(`node${i}`, bytes, this.#interval, plan.peerTtl, Math.floor(random() * 1e9)),
    );
    this.#living = this.#nodes.map((_, i) => i);
    this.#engine = new ModelledEngine(plan.engineRate, plan.nodes, plan.keptBytes, wayMs);
  }

  /** Virtual seconds, the time in which the swarms fill included. */
  get #allSeconds(): number {
    return this.#interval + this.#plan.seconds;
  }

  /** One virtual second after the other; yields how far it is, 0 to 1. */
  *run(): Generator<number, Outcome, undefined> {
    const { seconds, partition, nodes } = this.#plan;
    const fullAt = this.#interval * 1000;
    const events: [number, string, () => void][] = [
      [0.2, `node${nodes - 1} dies`, () => this.#living.pop()],
      [0.4, `node${nodes - 2} is cut off`, () => (this.#cutOff = nodes - 2)],
      [0.4 + partition / seconds, `node${nodes - 2} is back`, () => (this.#cutOff = -1)],
    ];
    let lastSecond = -1;
    let counted: Counted | undefined;
    const told = () => this.#nodes.reduce((sum, { counts }) => sum + counts.told, 0);
    let toldBefore = 0;
    while (this.#now < this.#allSeconds * 1000) {
      this.#now += stepMs;
      if (counted === undefined && this.#now >= fullAt) {
        counted = this.#counted();
        toldBefore = told();
        this.#lags.length = 0;
        this.#event = 'full';
      }
      const [at = Number.POSITIVE_INFINITY, name = '', happen = () => {}] = events[0] ?? [];
      if (this.#now >= fullAt + at * seconds * 1000) {
        events.shift();
        happen();
        this.#event = name;
      }
      this.#step();
      const second = Math.floor(this.#now / 1000);
      if (second === lastSecond) continue;
      lastSecond = second;
      yield this.#now / (this.#allSeconds * 1000);
    }
    return this.#outcome(counted!, told() - toldBefore);
  }

  #step(): void {
    const { sample, announces } = this.#plan;
    // In what the news before have left of the step.
    this.#carry();
    for (this.#owed += (announces / sample) * (stepMs / 1000); this.#owed >= 1; this.#owed--)
      for (const { peer, swarm, node, event, seeding } of this.#crowd.announce(this.#living, this.#now)) {
        this.#nodes[node].announce(peer, swarm, event, seeding, this.#now);
        this.#announced++;
      }
    for (const i of this.#living) this.#tell(i);
    for (const i of this.#living) if (i !== this.#cutOff) this.#hear(i);
    for (const i of this.#living) this.#nodes[i].sweep(this.#now, 1 + this.#known.length / 100);
    this.#compare();
    if (this.#now % momentEveryMs < stepMs) this.#look();
  }

  #tell(i: number): void {
    const { sample, mostWaiting } = this.#plan;
    const node = this.#nodes[i];
    node.collect(this.#now);
    const wholeBytes = (bytes: Uint8Array) => {
      const records = (bytes.length - headBytes) * sample;
      return records + Math.ceil(records / messageBytes) * headBytes;
    };
    if (i === this.#cutOff) {
      let waiting = node.waiting.reduce((sum, { bytes }) => sum + wholeBytes(bytes), 0);
      for (; waiting > mostWaiting; this.#compareSoon()) waiting -= wholeBytes(node.waiting.shift()!.bytes);
      return;
    }
    for (const message of node.waiting.splice(0)) {
      const whole = wholeBytes(message.bytes);
      this.#newsBytes += whole;
      this.#engine.publish(i, node.seal(message, this.#now), whole, this.#now);
    }
  }

  #hear(i: number): void {
    const node = this.#nodes[i];
    const { messages, before } = this.#engine.read(node.position, this.#now);
    if (node.position < before) {
      // Where the row begins now, it is read from.
      node.position = before;
      this.#cuts++;
      this.#compareSoon();
    }
    for (const { number, from, bytes, sentAt, thereAt } of messages) {
      node.position = number;
      if (from === i) continue;
      node.hear(bytes, this.#now - thereAt + wayMs, this.#now);
      // Half the time in which news are collected, on the mean, and the way.
      const lag = this.#now - sentAt + stepMs / 2;
      this.#worstLag = Math.max(this.#worstLag, lag);
      this.#lags.push(lag);
    }
  }

  #compareSoon(): void {
    this.#compareAt = Math.min(this.#compareAt, this.#now + compareAfterMs);
  }

  #compare(): void {
    const { sample, sumSeconds } = this.#plan;
    const bits = 16 - Math.round(Math.log2(sample));
    if (this.#summing === undefined) {
      const isSending = this.#senders.length > 0 && this.#now - this.#comparedSince < parkedMs;
      if (this.#now < this.#compareAt || isSending) return;
      this.#senders = [];
      this.#comparedSince = this.#now;
      this.#compareAt = this.#now + compareEveryMs;
      this.#comparisons++;
      this.#taking = this.#living.filter((i) => i !== this.#cutOff);
      this.#summing = new Map(this.#taking.map((i) => [i, undefined]));
      for (const i of this.#taking) this.#nodes[i].beginSums();
    }
    const readsAtOnce = Math.max(1, Math.ceil((this.#known.length / 900) * (stepMs / (sumSeconds * 1000))));
    for (const [i, sums] of this.#summing)
      if (sums === undefined) this.#summing.set(i, this.#nodes[i].sumOn(readsAtOnce, bits, this.#now));
    if ([...this.#summing.values()].some((sums) => sums === undefined)) return;
    const all = new Map([...this.#summing].map(([i, sums]) => [String(i), sums!]));
    this.#summing = undefined;
    this.#compared = 0;
    // Everybody's sums are read by everybody.
    this.#sumsLeft = (1 + (8 << 16)) * all.size * all.size;
    for (const [name, shards] of sendersOf(all)) {
      const parts = this.#nodes[Number(name)].state(shards, bits, () => this.#now);
      this.#sendNext({ from: Number(name), parts, part: nothing, toldAt: 0, left: 0 });
    }
  }

  /** Has a node send the next part of its state, after those of the others. */
  #sendNext(sender: Sender): void {
    const { done, value } = sender.parts.next();
    if (done) return;
    const whole = value.length * this.#plan.sample;
    this.#compared += whole;
    this.#mostCompared = Math.max(this.#mostCompared, this.#compared);
    this.#senders.push({ ...sender, part: value, toldAt: this.#now, left: whole * this.#taking.length });
  }

  #carry(): void {
    this.#sumsLeft -= this.#engine.carry(this.#sumsLeft, this.#now);
    for (
      let sender = this.#senders[0];
      sender !== undefined && this.#sumsLeft <= 0;
      sender = this.#senders[0]
    ) {
      sender.left -= this.#engine.carry(sender.left, this.#now);
      if (sender.left > 0) return;
      this.#senders.shift();
      for (const to of this.#taking)
        if (to !== sender.from && to !== this.#cutOff && this.#living.includes(to))
          this.#nodes[to].hearState(sender.part, sender.toldAt, this.#now);
      if (this.#living.includes(sender.from) && sender.from !== this.#cutOff) this.#sendNext(sender);
    }
  }

  #look(): void {
    const { sample, peerTtl } = this.#plan;
    let missed = 0;
    let ghosts = 0;
    const { saidAt } = this.#crowd;
    for (const i of this.#living) {
      if (i === this.#cutOff) continue;
      this.#nodes[i].mark(this.#known, this.#now);
      let missedHere = 0;
      let ghostsHere = 0;
      for (let peer = 0; peer < this.#crowd.count; peer++) {
        const ago = this.#now - Math.abs(saidAt[peer]);
        if (saidAt[peer] === 0 || ago < sureMs) continue;
        if (saidAt[peer] > 0 && ago < (peerTtl - 2) * 1000 && this.#known[peer] === 0) missedHere++;
        if (saidAt[peer] < 0 && this.#known[peer] === 1) ghostsHere++;
      }
      missed = Math.max(missed, missedHere);
      ghosts = Math.max(ghosts, ghostsHere);
    }
    const { bytes } = this.#engine.counts;
    this.#moments.push({
      ...{ second: Math.round(this.#now / 1000), event: this.#event },
      ...{ missed: missed * sample, ghosts: ghosts * sample, lagMs: this.#worstLag },
      bytesPerSecond: (bytes - this.#bytesAtMoment) / (momentEveryMs / 1000),
    });
    this.#bytesAtMoment = bytes;
    this.#worstLag = 0;
    this.#event = '';
  }

  #counted(): Counted {
    return {
      ...{ at: this.#now, newsBytes: this.#newsBytes, announced: this.#announced },
      busyMs: this.#engine.counts.busyMs,
      heard: this.#heard,
    };
  }

  get #heard(): number {
    return this.#nodes.reduce((sum, { counts }) => sum + counts.heard, 0);
  }

  /** @param before what was counted when the swarms were full; `told` records since then */
  #outcome(before: Counted, told: number): Outcome {
    const { nodes, sample } = this.#plan;
    const seconds = (this.#now - before.at) / 1000;
    const out = (this.#newsBytes - before.newsBytes) / nodes / seconds;
    const lags = Float64Array.from(this.#lags).sort();
    const lag = (share: number) => lags[Math.min(lags.length - 1, Math.floor(share * lags.length))] ?? 0;
    return {
      moments: this.#moments,
      ...{ out, in: out * nodes, engineBusy: (this.#engine.counts.busyMs - before.busyMs) / 1000 / seconds },
      lagMs: { p50: lag(0.5), p99: lag(0.99), most: lag(1) },
      heardPerSecond: (((this.#heard - before.heard) / nodes) * sample) / seconds,
      told: told / Math.max(1, this.#announced - before.announced),
      ...{ cuts: this.#cuts, comparisons: this.#comparisons, mostCompared: this.#mostCompared },
    };
  }
}

/** A node that sends what differs: the part that is under way, when it was read, and bytes that are still to be carried. */
interface Sender {
  readonly from: number;
  readonly parts: Generator<Uint8Array>;
  readonly part: Uint8Array;
  readonly toldAt: number;
  left: number;
}

/** What has been counted until a moment. */
interface Counted {
  readonly at: number;
  readonly busyMs: number;
  readonly newsBytes: number;
  readonly heard: number;
  readonly announced: number;
}
