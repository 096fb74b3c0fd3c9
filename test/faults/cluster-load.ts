// A paced load on all nodes of a cluster: every peer in its turn announces to one of those that live.
import { Event } from '../../src/protocol/event.ts';
import type { Client } from './clients.ts';
import type { ClusterLedger } from './cluster-ledger.ts';

const sliceMs = 10;
const mostSliceMs = 200;
/** A machine that is busy with other things must not make the load grow. */
const mostUnderWay = 2000;

export interface ClusterLoadOptions {
  /** Announces a second to each node. */
  readonly perSecond: number;
  /** Of a hundred announces, how many say `stopped`. */
  readonly stoppedPercent: number;
  readonly seed: number;
}

export class ClusterLoad {
  readonly #ledger: ClusterLedger;
  readonly #clients: readonly Client[];
  readonly #options: ClusterLoadOptions;
  readonly #dead = new Set<number>();
  /** How often each node has died. */
  readonly #deaths: number[];
  readonly #step: number;
  #timer: NodeJS.Timeout | undefined;
  #random: number;
  #turn = 0;
  #underWay = 0;
  #due = 0;
  #last = 0;
  /** Announces that got no answer after all retries; and those of them that were under way to a node when it died. */
  failed = 0;
  diedWith = 0;
  /** Answers since `go`, and announces that were due and not made, because too many had no answer yet or this process was late. */
  answered = 0;
  unmade = 0;
  #goneOnAt = 0;

  constructor(ledger: ClusterLedger, clients: readonly Client[], options: ClusterLoadOptions) {
    this.#ledger = ledger;
    this.#clients = clients;
    this.#options = options;
    this.#deaths = clients.map(() => 0);
    this.#random = options.seed | 1;
    this.#step = stepOver(ledger.peers);
  }

  /** Announces every peer once, some at a time. */
  async fill(lanes = 200): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (next < this.#ledger.peers) await this.#announce(next++, Event.started);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  go(): void {
    this.#last = this.#goneOnAt = performance.now();
    this.#timer = setInterval(() => this.#slice(), sliceMs);
  }

  /** Answers a second of all nodes since `go`: less than was asked for says more of the machine than of them. */
  get madePerSecond(): number {
    return Math.round((this.answered * 1000) / Math.max(1, performance.now() - this.#goneOnAt));
  }

  /** Asks no more; resolves when every announce has its answer or was given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Clients go elsewhere, but for those who are waiting for its answer. */
  died(node: number): void {
    this.#dead.add(node);
    this.#deaths[node]++;
  }

  lives(node: number): void {
    this.#dead.delete(node);
  }

  #slice(): void {
    const now = performance.now();
    const nodes = this.#clients.length - this.#dead.size;
    // After a long pause of our own it is not made up.
    const due = (ms: number) => (ms * this.#options.perSecond * nodes) / 1000;
    this.#due += due(Math.min(now - this.#last, mostSliceMs));
    this.unmade += due(Math.max(0, now - this.#last - mostSliceMs));
    this.#last = now;
    for (; this.#due >= 1; this.#due--) {
      this.#turn = (this.#turn + this.#step) % this.#ledger.peers;
      if (this.#underWay >= mostUnderWay) this.unmade++;
      else if (!this.#ledger.isBusy(this.#turn)) void this.#announce(this.#turn, this.#eventOf(this.#turn));
    }
  }

  #eventOf(peer: number): Event {
    if (!this.#ledger.isThere(peer)) return Event.started;
    return this.#below(100) < this.#options.stoppedPercent ? Event.stopped : Event.none;
  }

  async #announce(peer: number, event: Event): Promise<void> {
    const ledger = this.#ledger;
    const living = [...this.#clients.keys()].filter((node) => !this.#dead.has(node));
    const node = living[this.#below(living.length)];
    const deaths = this.#deaths[node];
    ledger.begin(peer);
    this.#underWay++;
    try {
      const question = { swarm: ledger.swarmOf(peer), port: ledger.portOf(peer), event, numwant: 10 };
      await this.#clients[node].announce(question);
      ledger.acknowledge(peer, node, event !== Event.stopped);
      if (this.#goneOnAt > 0) this.answered++;
    } catch {
      ledger.giveUp(peer);
      if (this.#deaths[node] === deaths) this.failed++;
      else this.diedWith++;
    } finally {
      this.#underWay--;
    }
  }

  #below(limit: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) | 0;
    return Math.floor(((this.#random >>> 0) / 2 ** 32) * limit);
  }
}

/** A step that goes over all of them before it comes to one again. */
function stepOver(count: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.floor(count * 0.618));
  while (divisor(step, count) !== 1) step++;
  return step;
}
