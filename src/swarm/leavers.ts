// Which records go when a swarm is looked through: those not announced for long, or those of a thread that is no more.

import { stepsSince32 } from '../protocol/wrapped-time.ts';
import { peerIdAt, recordAt } from './block.ts';
import { holderField, threadOf } from './connection-visit.ts';
import { ageOf } from './tick.ts';

/** Half of the circle that generations lie on. */
const halfTurn = 2 ** 31;
const noThread = -1;

/** One for each who looks; set anew for each swarm, as the rest of the path allocates nothing either. */
export class Leavers {
  #tick = 0;
  #ttl = 0;
  #thread = noThread;
  #generation = 0;

  /** Those that were last seen more than `ttl` ticks before `tick`; everybody with a TTL of −1. */
  silent(tick: number, ttl: number): this {
    this.#tick = tick;
    this.#ttl = ttl;
    this.#thread = noThread;
    return this;
  }

  /** Of peers that are connections, those that a thread held which were opened no later than the one of a generation. */
  heldBy(thread: number, generation: number): this {
    this.#thread = thread;
    this.#generation = generation;
    return this;
  }

  /** Whether a record of a block is one of them. */
  has(words: Int32Array, block: number, stride: number, index: number): boolean {
    if (this.#thread === noThread) {
      const state = words[recordAt(block, stride, index) + stride - 1] >>> 16;
      return ageOf(state, this.#tick) > this.#ttl;
    }
    const holder = peerIdAt(words, block, stride, index);
    return (
      threadOf(words[holder + holderField.place]) === this.#thread &&
      stepsSince32(words[holder + holderField.generation], this.#generation) < halfTurn
    );
  }
}
