// When the thread woke: read once for all that is done in one go, as a clock costs more than much of what it is asked for.
import { performance } from 'node:perf_hooks';

/** How old the seconds may be; whoever reckons in seconds does not see it. */
const secondsKeptMs = 10;

/** One for each thread. */
export class WakeUp {
  /** Milliseconds of performance.now(). */
  ms = 0;
  /** Whole seconds of the clock that all threads share. */
  seconds = 0;
  readonly #clock: () => number;
  #askAt = Number.NEGATIVE_INFINITY;

  /** @param clock whole seconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.begin();
  }

  begin(): void {
    const ms = performance.now();
    this.ms = ms;
    if (ms < this.#askAt) return;
    this.#askAt = ms + secondsKeptMs;
    this.seconds = this.#clock();
  }

  /** Milliseconds since `begin`. */
  get elapsedMs(): number {
    return performance.now() - this.ms;
  }
}
