// How simulated nodes compare what they know: when, by which sums, and how what differs goes through the engine behind the news.
import { sendersOf } from '../../src/cluster/shard-sums.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** A node that sends what differs: the part that is under way, when it was read, and bytes that are still to be carried. */
interface Sender {
  readonly from: number;
  readonly parts: Generator<Uint8Array>;
  readonly part: Uint8Array;
  readonly toldAt: number;
  left: number;
}

const compareEveryMs = 60_000;
const compareAfterMs = 3000;
/** What is parked for longer is gone. */
const parkedMs = 180_000;
const nothing = new Uint8Array(0);

export class SimulatedComparing {
  /** How often they began to. */
  count = 0;
  /** Bytes of states that one comparison has sent, the most of all. */
  mostBytes = 0;
  readonly #cluster: SimulatedCluster;
  /** Rounds of a node's store that it reads in one step, to have its sums in time. */
  readonly #readsAtOnce: number;
  /** Bits of a shard's number. */
  readonly #bits: number;
  /** Who still sends what differs, part by part, and as much of the first one's part as the engine has not carried yet. */
  #senders: Sender[] = [];
  #taking: readonly number[] = [];
  #sumsLeft = 0;
  #bytes = 0;
  #since = 0;
  #summing: Map<number, ReturnType<SimulatedNode['sumOn']>> | undefined;
  #at = compareEveryMs;
  /** When parts are read that are still to be sent. */
  #now = 0;

  /** @param stepMs after so many milliseconds it is stepped again */
  constructor(cluster: SimulatedCluster, stepMs: number) {
    this.#cluster = cluster;
    const { sample, sumSeconds } = cluster.plan;
    this.#bits = 16 - Math.round(Math.log2(sample));
    this.#readsAtOnce = Math.max(1, Math.ceil((cluster.mostPeers / 900) * (stepMs / (sumSeconds * 1000))));
  }

  /** Something was lost: they compare before their time. */
  soon(now: number): void {
    this.#at = Math.min(this.#at, now + compareAfterMs);
  }

  step(now: number): void {
    const { nodes, reaching } = this.#cluster;
    if (this.#summing === undefined) {
      const isSending = this.#senders.length > 0 && now - this.#since < parkedMs;
      if (now < this.#at || isSending) return;
      this.#senders = [];
      this.#since = now;
      this.#at = now + compareEveryMs;
      this.count++;
      this.#taking = reaching;
      this.#summing = new Map(this.#taking.map((i) => [i, undefined]));
      for (const i of this.#taking) nodes[i].beginSums();
    }
    for (const [i, sums] of this.#summing)
      if (sums === undefined) this.#summing.set(i, nodes[i].sumOn(this.#readsAtOnce, this.#bits, now));
    if ([...this.#summing.values()].some((sums) => sums === undefined)) return;
    const all = new Map([...this.#summing].map(([i, sums]) => [String(i), sums!]));
    this.#summing = undefined;
    this.#bytes = 0;
    // Everybody's sums are read by everybody.
    this.#sumsLeft = (1 + (8 << 16)) * all.size * all.size;
    this.#now = now;
    for (const [name, shards] of sendersOf(all)) {
      const parts = nodes[Number(name)].state(shards, this.#bits, () => this.#now);
      this.#sendNext({ from: Number(name), parts, part: nothing, toldAt: 0, left: 0 });
    }
  }

  /** Has the engine carry on, in what the news have left of a step. */
  carry(now: number): void {
    const { nodes, engine } = this.#cluster;
    this.#now = now;
    this.#sumsLeft -= engine.carry(this.#sumsLeft, now);
    for (
      let sender = this.#senders[0];
      sender !== undefined && this.#sumsLeft <= 0;
      sender = this.#senders[0]
    ) {
      sender.left -= engine.carry(sender.left, now);
      if (sender.left > 0) return;
      this.#senders.shift();
      for (const to of this.#taking)
        if (to !== sender.from && this.#cluster.reaches(to))
          nodes[to].hearState(sender.part, sender.toldAt, now);
      if (this.#cluster.reaches(sender.from)) this.#sendNext(sender);
    }
  }

  /** Has a node send the next part of its state, after those of the others. */
  #sendNext(sender: Sender): void {
    const { done, value } = sender.parts.next();
    if (done) return;
    const whole = value.length * this.#cluster.plan.sample;
    this.#bytes += whole;
    this.mostBytes = Math.max(this.mostBytes, this.#bytes);
    this.#senders.push({ ...sender, part: value, toldAt: this.#now, left: whole * this.#taking.length });
  }
}
