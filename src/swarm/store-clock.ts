// What time it is in the store: the machine's, but never so far ahead of the sweeper that an age could wrap.
//
// A process that was frozen for hours, or whose sweeper stood still, would take the dead for fresh ones when the ticks
// have come round. So the store's clock stands still `leadTicks` after the beginning of the last round of the sweeper,
// until it has made another one; what it has missed then is skipped for good. After any pause of the whole process
// everybody who was there before is older than the TTL; after a pause of the sweeper alone a peer may be kept for one TTL
// more. Two words that all threads share: `sweptTo`, in the store's seconds, and how far the store's clock is behind.

import { header } from './layout.ts';
import { leadTicks, tickAt } from './tick.ts';

/** In `sweptTo`: nobody has asked for the time yet. */
export const neverAsked = -1;

export class StoreClock {
  readonly #words: Int32Array;
  readonly #secondsPerTick: number;
  readonly #lead: number;
  /** The last answer of this thread: it asks many times a second. */
  #now = -1;
  #tick = 0;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#secondsPerTick = words[header.secondsPerTick];
    this.#lead = leadTicks * this.#secondsPerTick;
  }

  /** The store's tick at `now`, whole seconds of the monotonic clock. */
  tick(now: number): number {
    return now === this.#now ? this.#tick : this.#ask(now);
  }

  #ask(now: number): number {
    this.#tick = tickAt(this.time(now), this.#secondsPerTick);
    this.#now = now;
    return this.#tick;
  }

  /** The store's own time at `now`, both in whole seconds. */
  time(now: number): number {
    const words = this.#words;
    Atomics.compareExchange(words, header.sweptTo, neverAsked, now);
    const sweptTo = Atomics.load(words, header.sweptTo);
    const latest = sweptTo + this.#lead;
    for (;;) {
      const skipped = Atomics.load(words, header.secondsSkipped);
      const time = now - skipped;
      // Earlier only for a thread that took `now` before a pause.
      if (time <= latest) return time < sweptTo ? sweptTo : time;
      if (Atomics.compareExchange(words, header.secondsSkipped, skipped, now - latest) === skipped)
        return latest;
    }
  }

  /** Told by the sweeper: nobody is left who was older than the TTL at `time`, the store's own. */
  noteSwept(time: number): void {
    Atomics.store(this.#words, header.sweptTo, time);
    this.#now = -1;
  }
}
