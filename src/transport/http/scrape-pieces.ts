// One scrape of everything as its readers see it: pieces of gzip that many read at once, while they are still coming.

export class ScrapePieces {
  /** How many are being sent it; their owner counts them. */
  readers = 0;
  /** Settles when nothing more comes, whatever the reason. */
  readonly ended: Promise<void>;
  #end!: () => void;
  /** In memory that threads can share, about 27 bytes a swarm. */
  readonly #pieces: Uint8Array<SharedArrayBuffer>[] = [];
  #state: 'growing' | 'complete' | { error: unknown } = 'growing';
  #completeAt = 0;
  /** Readers that have read all there is. */
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Whether it is growing, or has been complete for less than `keptMs`. */
  isFresh(keptMs: number): boolean {
    return this.#state === 'growing' || (this.#state === 'complete' && this.ageMs < keptMs);
  }

  get failed(): boolean {
    return typeof this.#state === 'object';
  }

  /** Milliseconds since it was complete. */
  get ageMs(): number {
    return performance.now() - this.#completeAt;
  }

  add(piece: Uint8Array<SharedArrayBuffer>): void {
    this.#pieces.push(piece);
    this.#tellReaders();
  }

  /** That was all; another thread may have had it for `ageMs` already. */
  complete(ageMs = 0): void {
    this.#completeAt = performance.now() - ageMs;
    this.#finish('complete');
  }

  /** Nothing more comes: what is told to whoever reads. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** From the first piece to the last, as they come to be; throws what cut them short. */
  async *read(): AsyncGenerator<Uint8Array<SharedArrayBuffer>, void, undefined> {
    for (let at = 0; ; ) {
      if (at < this.#pieces.length) yield this.#pieces[at++];
      else if (this.#state === 'complete') return;
      else if (typeof this.#state === 'object') throw this.#state.error;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #finish(state: 'complete' | { error: unknown }): void {
    this.#state = state;
    this.#tellReaders();
    this.#end();
  }

  #tellReaders(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A copy of bytes that threads can share. */
export function toShared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
