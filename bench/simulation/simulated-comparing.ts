// How simulated nodes compare what they know: when, by which sums, and how what differs goes through the engine behind the news.
import { sendersOf } from '../../src/cluster/shard-sums.ts';
import { smallShardBits } from '../../src/cluster/unsure-shards.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

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
const leastSmallBits = 5;

export class SimulatedComparing {
  /** How often they began to. */
  count = 0;
  /** Bytes of states that one comparison has sent, the most of all. */
  mostBytes = 0;
  /** The same of the last one that began while `isQuiet`. */
  quietBytes = 0;
  /** The swarms have filled, and nothing has happened yet. */
  isQuiet = false;
  /** Share of the small shards that the last one left out. */
  unsure = 0;
  readonly #cluster: SimulatedCluster;
  /** Rounds of a node's store that it reads in one step, to have its sums in time. */
  readonly #readsAtOnce: number;
  /** Bits of a shard's number, and of a small one's. */
  readonly #bits: number;
  readonly #smallBits: number;
  /** Who still sends what differs, part by part, and as much of the first one's part as the engine has not carried yet. */
  #senders: Sender[] = [];
  #taking: readonly number[] = [];
  #sumsLeft = 0;
  #bytes = 0;
  #since = 0;
  /** Who sums up, and whether it has read all and heard what was said until then. */
  #summing: Map<number, boolean> | undefined;
  /** Where in the row each was when it had read all. */
  readonly #readTo = new Map<number, number>();
  #at = compareEveryMs;
  /** When parts are read that are still to be sent. */
  #now = 0;

  /** @param stepMs after so many milliseconds it is stepped again */
  constructor(cluster: SimulatedCluster, stepMs: number) {
    this.#cluster = cluster;
    const { sample, sumSeconds, peers } = cluster.plan;
    const sampleBits = Math.round(Math.log2(sample));
    this.#bits = 16 - sampleBits;
    this.#smallBits = Math.max(leastSmallBits, smallShardBits(peers) - sampleBits);
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
      this.#summing = new Map(this.#taking.map((i) => [i, false]));
      for (const i of this.#taking) nodes[i].beginSums(this.#smallBits, now);
    }
    for (const [i, isRead] of this.#summing) if (!isRead) this.#summing.set(i, this.#hasRead(i, now));
    if ([...this.#summing.values()].some((isRead) => !isRead)) return;
    const taking = [...this.#summing.keys()];
    this.#summing = undefined;
    this.#readTo.clear();
    const unsure = taking.map((i) => nodes[i].unsure);
    const unsureBytes = Math.max(...unsure.map((one) => one.encode().length)) * this.#cluster.plan.sample;
    const all = new Map(taking.map((i) => [String(i), nodes[i].endSums(unsure, this.#bits)]));
    this.unsure = unsure[0].count / 2 ** this.#smallBits;
    this.#bytes = 0;
    if (this.isQuiet) this.quietBytes = 0;
    // Everybody's sums are read by everybody, and of what everybody is unsure.
    this.#sumsLeft = (1 + (8 << 16) + unsureBytes) * all.size * all.size;
    this.#now = now;
    const bits = Math.min(...[...all.values()].map((sums) => sums.bits));
    for (const [name, shards] of sendersOf(all)) {
      const parts = nodes[Number(name)].state(shards, bits, () => this.#now);
      this.#sendNext({ from: Number(name), parts, part: nothing, toldAt: 0, left: 0 });
    }
  }

  /** A node hears news, its own too. */
  news(node: number, bytes: Uint8Array): void {
    if (this.#summing?.get(node) === false) this.#cluster.nodes[node].note(bytes);
  }

  /** Has a node read on, until it has heard all that was said until it had read all. */
  #hasRead(i: number, now: number): boolean {
    const { nodes, engine } = this.#cluster;
    const last = this.#readTo.get(i);
    if (last !== undefined) return nodes[i].position >= last;
    if (nodes[i].readOn(this.#readsAtOnce, now)) this.#readTo.set(i, engine.last);
    return false;
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
    if (this.isQuiet) this.quietBytes = this.#bytes;
    this.#senders.push({ ...sender, part: value, toldAt: this.#now, left: whole * this.#taking.length });
  }
}
