// Knows how long one query may still take: a single limit over name resolution, connecting, reading and reverse DNS.
import { setMaxListeners } from 'node:events';
import { TrackerError, type Trouble } from './tracker-error.ts';

/** A step of a query, for the words about a deadline that was reached in it. */
export interface Step {
  trouble: Trouble;
  /** What was seen so far. */
  seen: string;
}

/** One limit in time, shared by every step of a query. `signal` aborts with a TrackerError when it is reached. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly #endMs: number;
  readonly #abort = new AbortController();
  #reached = false;
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = () => this.#abort.abort(this.#outer?.reason);

  /** `outer` (Ctrl-C) ends it early. Call `close` when the query is over, or its timer keeps the process alive. */
  constructor(seconds: number, outer?: AbortSignal) {
    this.seconds = seconds;
    // Each step under way listens, and there may be many at once.
    setMaxListeners(0, this.#abort.signal);
    this.signal = this.#abort.signal;
    this.#endMs = performance.now() + seconds * 1000;
    this.#timer = setTimeout(() => {
      this.#reached = true;
      this.#abort.abort(this.#expired());
    }, seconds * 1000);
    this.#outer = outer;
    if (outer?.aborted) this.#onOuterAbort();
    outer?.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  get remainingMs(): number {
    return Math.max(0, this.#endMs - performance.now());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onOuterAbort);
  }

  /**
   * Rejects with the deadline's error when it is reached before `work` settles; `cancel` then ends the work. `step` says
   * what the time ran out on.
   */
  async race<T>(work: Promise<T>, cancel?: () => void, step?: Step): Promise<T> {
    const { signal } = this;
    let onAbort: (() => void) | undefined;
    const expired = new Promise<never>((_, reject) => {
      onAbort = () => {
        cancel?.();
        reject(step && this.#reached ? expiredOn(step, this.#expired()) : signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    // Whichever loses is settled later, when nobody listens any more.
    work.catch(() => {});
    try {
      return await Promise.race([expired, work]);
    } finally {
      signal.removeEventListener('abort', onAbort!);
    }
  }

  /** Resolves after `ms`, or rejects at the deadline. */
  async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await this.race(waited, () => clearTimeout(timer));
  }

  #expired(): TrackerError {
    return new TrackerError(`no answer within ${this.seconds} s`);
  }
}

function expiredOn({ trouble, seen }: Step, expired: TrackerError): TrackerError {
  return new TrackerError(`${expired.message}: ${seen}`, { trouble, cause: expired });
}

/** Runs `work` under a deadline of its own. */
export async function within<T>(
  seconds: number,
  outer: AbortSignal | undefined,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(seconds, outer);
  try {
    return await work(deadline);
  } finally {
    deadline.close();
  }
}
