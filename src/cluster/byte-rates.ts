// How many bytes a second this node exchanges with the engine, from one report of it to the next.

interface Counted {
  readonly out: number;
  readonly in: number;
}

export class ByteRates implements Counted {
  readonly #leastMs: number;
  #last: (Counted & { at: number }) | undefined;
  /** Bytes a second; 0 until there is something to compare with. */
  out = 0;
  in = 0;

  /** @param leastMs what is asked for more often than that is as it was */
  constructor(leastMs: number) {
    this.#leastMs = leastMs;
  }

  /** @param counted bytes since the start; @param now milliseconds */
  note(counted: Counted, now: number): void {
    const last = this.#last;
    const elapsed = last === undefined ? Number.POSITIVE_INFINITY : now - last.at;
    if (elapsed < this.#leastMs) return;
    if (last !== undefined) {
      this.out = Math.round(((counted.out - last.out) / elapsed) * 1000);
      this.in = Math.round(((counted.in - last.in) / elapsed) * 1000);
    }
    this.#last = { ...counted, at: now };
  }
}
