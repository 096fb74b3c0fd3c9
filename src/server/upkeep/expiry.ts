// When expired peers are looked for: in rounds over the whole store, cut into slices so that no request waits long.

/** The part of the swarm store that forgets; `sweep` is true when it completed a round. */
export interface Sweepable {
  sweep(nowSeconds: number, records: number): boolean;
}

export interface ExpiryOptions {
  /** Seconds without an announce after which a peer is forgotten. */
  peerTtl: number;
  /** The clock of the store's ages, in whole seconds. */
  now: () => number;
  /** Is given what a slice threw; the next slice comes all the same. */
  failed: (error: unknown) => void;
}

const wakeMs = 1000;
const recordsPerSlice = 2048;
/** Of each second on the thread that also answers requests. */
const budgetMs = 20;

/** A round begins every sixtieth of the TTL (at least a second apart), so that a peer outlives it by little. */
export class Expiry {
  readonly #store: Sweepable;
  readonly #options: ExpiryOptions;
  #timer: NodeJS.Timeout | undefined;
  #inRound = false;
  #nextRoundAt = 0;

  constructor(store: Sweepable, options: ExpiryOptions) {
    this.#store = store;
    this.#options = options;
  }

  start(): void {
    this.#nextRoundAt = this.#options.now();
    this.#timer = setInterval(() => this.#wake(), wakeMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #wake(): void {
    const now = this.#options.now();
    if (!this.#inRound) {
      if (now < this.#nextRoundAt) return;
      this.#inRound = true;
      this.#nextRoundAt = now + Math.max(1, Math.floor(this.#options.peerTtl / 60));
    }
    const end = performance.now() + budgetMs;
    try {
      do {
        this.#inRound = !this.#store.sweep(now, recordsPerSlice);
      } while (this.#inRound && performance.now() < end);
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
