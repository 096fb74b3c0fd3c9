// The peers of a simulation, and what is true of each: where it announces, when it did last, whether it is there.
import { Event } from '../../src/protocol/event.ts';

export interface Announced {
  readonly peer: number;
  readonly swarm: number;
  readonly node: number;
  readonly event: Event;
  readonly seeding: boolean;
}

const peersPerSwarm = 10;
/** Of a hundred announces one comes to another node than the one before: another address of the name was chosen. */
const moving = 0.01;

export class Crowd {
  /**
   * By number: virtual milliseconds of the last announce that was answered, negative when it has stopped then; 0 of one that
   * has not come yet, or went without a word.
   */
  readonly saidAt: Float64Array;
  readonly #slots: Int32Array;
  readonly #homes: Uint8Array;
  readonly #seeding: Uint8Array;
  readonly #changes: number;
  readonly #silent: number;
  readonly #random: () => number;
  readonly #swarms: number;
  #next: number;
  #turn = 0;

  /**
   * @param peers that are there at any time
   * @param most that there are ever
   * @param changes the share of announces with which a peer goes and another one comes
   * @param silent the share of those that go without a word
   */
  constructor(peers: number, most: number, changes: number, silent: number, random: () => number) {
    this.saidAt = new Float64Array(most);
    this.#slots = Int32Array.from({ length: peers }, (_, i) => i);
    this.#homes = new Uint8Array(peers).fill(255);
    this.#seeding = Uint8Array.from({ length: peers }, () => (random() < 0.6 ? 1 : 0));
    this.#changes = changes;
    this.#silent = silent;
    this.#random = random;
    this.#swarms = Math.max(1, Math.floor(peers / peersPerSwarm));
    this.#next = peers;
  }

  /** How many have been there so far. */
  get count(): number {
    return this.#next;
  }

  /** The next announce, or two where one peer goes and another comes. @param living numbers of nodes that answer */
  *announce(living: readonly number[], now: number): Generator<Announced> {
    const slot = this.#turn;
    this.#turn = (this.#turn + 1) % this.#slots.length;
    const anyNode = () => living[Math.floor(this.#random() * living.length)];
    if (!living.includes(this.#homes[slot]) || this.#random() < moving) this.#homes[slot] = anyNode();
    if (
      this.saidAt[this.#slots[slot]] !== 0 &&
      this.#random() < this.#changes &&
      this.#next < this.saidAt.length
    ) {
      // Of one that goes without a word nobody can say whether it is there still.
      if (this.#random() < this.#silent) this.saidAt[this.#slots[slot]] = 0;
      else yield this.#say(slot, Event.stopped, -now);
      this.#slots[slot] = this.#next++;
      this.#homes[slot] = anyNode();
      yield this.#say(slot, Event.started, now);
      return;
    }
    yield this.#say(slot, this.saidAt[this.#slots[slot]] === 0 ? Event.started : Event.none, now);
  }

  #say(slot: number, event: Event, saidAt: number): Announced {
    const peer = this.#slots[slot];
    this.saidAt[peer] = saidAt;
    const swarm = Math.imul(peer, 0x85ebca6b) >>> 0;
    return {
      ...{ peer, event, node: this.#homes[slot], swarm: swarm % this.#swarms },
      seeding: this.#seeding[slot] === 1,
    };
  }
}
