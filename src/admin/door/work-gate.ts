// How much of the main thread answers may take: one is made at a time, and after each the tracker has its turn.

interface Waiting {
  begin: () => void;
}

/** Answers take a quarter of the time at most: after one that took 5 ms the next begins 15 ms later. */
const restFactor = 3;
/** A clock that jumped, or a machine that slept, must not shut the door. */
const longestRestMs = 500;

export class WorkGate {
  readonly #clock: () => number;
  readonly #trusted: Waiting[] = [];
  readonly #others: Waiting[] = [];
  #busy = false;

  /** @param clock milliseconds of a monotonic clock */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Runs `work` when its turn comes; who has shown the token goes before all others. */
  async run<T>(trusted: boolean, work: () => T | Promise<T>): Promise<T> {
    if (this.#busy)
      await new Promise<void>((begin) => (trusted ? this.#trusted : this.#others).push({ begin }));
    this.#busy = true;
    const start = this.#clock();
    try {
      return await work();
    } finally {
      const restMs = Math.min((this.#clock() - start) * restFactor, longestRestMs);
      // Most answers take less than a timer can tell.
      if (restMs < 1) setImmediate(() => this.#next());
      else setTimeout(() => this.#next(), restMs);
    }
  }

  #next(): void {
    const next = this.#trusted.shift() ?? this.#others.shift();
    if (next === undefined) this.#busy = false;
    else next.begin();
  }
}
