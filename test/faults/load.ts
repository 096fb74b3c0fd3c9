// A steady, seeded load of announces whose every acknowledgement goes into a ledger.
import { Event } from '../../src/protocol/event.ts';
import type { Client, Question } from './clients.ts';
import type { Ledger } from './ledger.ts';

export interface LoadOptions {
  client: Client;
  perSecond: number;
  /** Swarms are numbered from here on. */
  firstSwarm: number;
  swarms: number;
  seed: number;
  /** Of a hundred announces, how many say `stopped`. */
  stoppedPercent: number;
}

/** Ports of a swarm's peers begin here; well under the number of peers in one reply. */
const firstPort = 20_000;
const peersPerSwarm = 100;
const sliceMs = 10;
/** A machine that is busy with other things must not make the load grow. */
const mostUnderWay = 4000;

export class Load {
  readonly #ledger: Ledger;
  readonly #options: LoadOptions;
  readonly #busy = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #perSecond: number;
  #random: number;
  #asked = 0;
  #due = 0;
  #last = performance.now();
  acknowledged = 0;

  constructor(ledger: Ledger, options: LoadOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#perSecond = options.perSecond;
    this.#random = options.seed | 1;
    this.#timer = setInterval(() => this.#slice(), sliceMs);
  }

  /** Asks no more; resolves when every announce has its answer or was given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#busy.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Asks half as often from now on. */
  halve(): void {
    this.#perSecond /= 2;
  }

  get asked(): number {
    return this.#asked;
  }

  #slice(): void {
    const now = performance.now();
    // An open loop: the load does not wait for a tracker that is slow. After a long pause of our own it is not made up.
    this.#due += (Math.min(now - this.#last, 200) * this.#perSecond) / 1000;
    this.#last = now;
    for (; this.#due >= 1; this.#due--) this.#announce();
  }

  #announce(): void {
    const { firstSwarm, swarms, stoppedPercent, client } = this.#options;
    const peer = this.#below(swarms * peersPerSwarm);
    // Two announces of one peer under way at once could arrive in any order.
    if (this.#busy.has(peer) || this.#busy.size >= mostUnderWay) return;
    this.#busy.add(peer);
    this.#asked++;
    const swarm = firstSwarm + Math.floor(peer / peersPerSwarm);
    const port = firstPort + (peer % peersPerSwarm);
    const event = this.#below(100) < stoppedPercent ? Event.stopped : Event.started;
    client
      .announce({ swarm, port, event, numwant: 10 })
      .then(
        () => {
          this.acknowledged++;
          this.#ledger.acknowledge(swarm, port, event !== Event.stopped);
        },
        () => this.#ledger.giveUp(swarm, port),
      )
      .finally(() => this.#busy.delete(peer));
  }

  #below(limit: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) | 0;
    return Math.floor(((this.#random >>> 0) / 2 ** 32) * limit);
  }
}

/** Announces every peer of `swarms` swarms once, 200 at a time. */
export async function fill(
  ledger: Ledger,
  client: Client,
  firstSwarm: number,
  swarms: number,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < swarms * peersPerSwarm) {
      const peer = next++;
      const swarm = firstSwarm + Math.floor(peer / peersPerSwarm);
      const port = firstPort + (peer % peersPerSwarm);
      await client.announce({ swarm, port, event: Event.started, numwant: 0 });
      ledger.acknowledge(swarm, port, true);
    }
  };
  await Promise.all(Array.from({ length: 200 }, lane));
}

/** Asks for everybody in a swarm, and leaves no trace there. */
export async function askForPeers(client: Client, swarm: number): Promise<Set<number>> {
  const question: Question = { swarm, port: firstPort - 1, event: Event.started, numwant: 200 };
  const ports = await client.announce(question);
  await client.announce({ ...question, event: Event.stopped, numwant: 0 });
  ports.delete(question.port);
  return ports;
}
