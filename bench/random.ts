// A seeded source of numbers, so that every run and every server gets the same load.

/** Marsaglia's xorshift32: fast, allocates nothing, and is good enough to choose torrents with. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 0 || 1;
    for (let i = 0; i < 8; i++) this.word();
  }

  /** Any int32 but 0. */
  word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }

  /** 0 to `limit` - 1; `limit` at most 2^31. */
  below(limit: number): number {
    return (this.word() >>> 0) % limit;
  }
}
