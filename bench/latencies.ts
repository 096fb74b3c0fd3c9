// Times of many answers in few counters: 32 steps to each doubling, from 1 µs to a minute.

const stepsPerDoubling = 32;

export class Latencies {
  readonly #counts = new Uint32Array(26 * stepsPerDoubling);
  #total = 0;

  add(ms: number): void {
    const step = Math.floor(Math.log2(Math.max(1, ms * 1000)) * stepsPerDoubling);
    this.#counts[Math.min(step, this.#counts.length - 1)]++;
    this.#total++;
  }

  /** The time in milliseconds that the given share (0 to 1) of the answers did not exceed, to 2 %. */
  percentile(share: number): number {
    if (this.#total === 0) return 0;
    let seen = 0;
    for (let step = 0; step < this.#counts.length; step++) {
      seen += this.#counts[step];
      if (seen >= this.#total * share) return 2 ** ((step + 1) / stepsPerDoubling) / 1000;
    }
    return 0;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
