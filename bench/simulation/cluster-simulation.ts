// A cluster in virtual time: nodes with the code that nodes run, a modelled engine, and what becomes of both when a node dies
// and another is cut off.
//
// Only a share of the peers is there, one in `sample`, and everything that is counted in peers or bytes is multiplied. Shards
// by which nodes compare are as large as they would be: there are `sample` times fewer of them.
import { momentEveryMs, Observations, type Outcome } from './observations.ts';
import type { Plan } from './plan.ts';
import { SimulatedCluster, wayMs } from './simulated-cluster.ts';
import { SimulatedComparing } from './simulated-comparing.ts';

const stepMs = 75;
const headBytes = 60;
const messageBytes = 1 << 18;

export class ClusterSimulation {
  readonly #cluster: SimulatedCluster;
  readonly #comparing: SimulatedComparing;
  readonly #seen: Observations;
  #now = 0;
  #owed = 0;

  constructor(plan: Plan) {
    this.#cluster = new SimulatedCluster(plan);
    this.#comparing = new SimulatedComparing(this.#cluster, stepMs);
    this.#seen = new Observations(this.#cluster);
  }

  /** One virtual second after the other; yields how far it is, 0 to 1. */
  *run(): Generator<number, Outcome, undefined> {
    const cluster = this.#cluster;
    const { seconds, partition, nodes } = cluster.plan;
    const fullAt = cluster.interval * 1000;
    const events: [number, string, () => void][] = [
      [0.2, `node${nodes - 1} dies`, () => cluster.living.pop()],
      [0.4, `node${nodes - 2} is cut off`, () => (cluster.cutOff = nodes - 2)],
      [0.4 + partition / seconds, `node${nodes - 2} is back`, () => (cluster.cutOff = -1)],
    ];
    let lastSecond = -1;
    while (this.#now < cluster.allSeconds * 1000) {
      this.#now += stepMs;
      if (!this.#seen.isFull && this.#now >= fullAt) {
        this.#seen.begin(this.#now);
        this.#comparing.isQuiet = true;
      }
      const [at = Number.POSITIVE_INFINITY, name = '', happen = () => {}] = events[0] ?? [];
      if (this.#now >= fullAt + at * seconds * 1000) {
        events.shift();
        happen();
        this.#seen.event = name;
        this.#comparing.isQuiet = false;
      }
      this.#step();
      const second = Math.floor(this.#now / 1000);
      if (second === lastSecond) continue;
      lastSecond = second;
      yield this.#now / (cluster.allSeconds * 1000);
    }
    return this.#seen.outcome(this.#now, this.#comparing);
  }

  #step(): void {
    const { plan, nodes, living, crowd, mostPeers } = this.#cluster;
    const { sample, announces } = plan;
    // In what the news before have left of the step.
    this.#comparing.carry(this.#now);
    for (this.#owed += (announces / sample) * (stepMs / 1000); this.#owed >= 1; this.#owed--)
      for (const { peer, swarm, node, event, seeding } of crowd.announce(living, this.#now)) {
        nodes[node].announce(peer, swarm, event, seeding, this.#now);
        this.#seen.announced++;
      }
    for (const i of living) this.#tell(i);
    for (const i of this.#cluster.reaching) this.#hear(i);
    for (const i of living) nodes[i].sweep(this.#now, 1 + mostPeers / 100);
    this.#comparing.step(this.#now);
    if (this.#now % momentEveryMs < stepMs) this.#seen.look(this.#now);
  }

  #tell(i: number): void {
    const { plan, nodes, engine, cutOff } = this.#cluster;
    const { sample, mostWaiting } = plan;
    const node = nodes[i];
    node.collect(this.#now);
    const wholeBytes = (bytes: Uint8Array) => {
      const records = (bytes.length - headBytes) * sample;
      return records + Math.ceil(records / messageBytes) * headBytes;
    };
    if (i === cutOff) {
      let waiting = node.waiting.reduce((sum, { bytes }) => sum + wholeBytes(bytes), 0);
      for (; waiting > mostWaiting; this.#comparing.soon(this.#now))
        waiting -= wholeBytes(node.waiting.shift()!.bytes);
      return;
    }
    for (const message of node.waiting.splice(0)) {
      const whole = wholeBytes(message.bytes);
      this.#seen.newsBytes += whole;
      engine.publish(i, node.seal(message, this.#now), whole, this.#now);
    }
  }

  #hear(i: number): void {
    const node = this.#cluster.nodes[i];
    const { messages, before } = this.#cluster.engine.read(node.position, this.#now);
    if (node.position < before) {
      // Where the row begins now, it is read from.
      node.position = before;
      this.#seen.cuts++;
      this.#comparing.soon(this.#now);
    }
    for (const { number, from, bytes, sentAt, thereAt } of messages) {
      node.position = number;
      this.#comparing.news(i, bytes);
      if (from === i) continue;
      node.hear(bytes, this.#now - thereAt + wayMs, this.#now);
      // Half the time in which news are collected, on the mean, and the way.
      this.#seen.lag(this.#now - sentAt + stepMs / 2);
    }
  }
}
