// When nodes compare what they have: once a minute, which one of them has all of them begin, and soon after this node has
// lost something.
import type { Comparing } from './comparing.ts';
import type { Membership } from './membership.ts';

const everyMs = 60_000;
/** Not at once, so that one round mends what several nodes have lost. */
const afterLossMs = 3000;
/** More than it takes to hear of a round that another node has begun. */
const rankMs = 500;

export interface CompareTimesParts {
  readonly comparing: Comparing;
  readonly membership: Membership;
  /** Milliseconds. */
  readonly now: () => number;
  /** Whether the engine takes anything. */
  readonly isReached: () => boolean;
}

export class CompareTimes {
  readonly #comparing: Comparing;
  readonly #membership: Membership;
  readonly #now: () => number;
  readonly #isReached: () => boolean;
  #dueAt: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ comparing, membership, now, isReached }: CompareTimesParts) {
    this.#comparing = comparing;
    this.#membership = membership;
    this.#now = now;
    this.#isReached = isReached;
    this.#dueAt = now() + everyMs;
  }

  /** With every beat. */
  async beat(): Promise<void> {
    const now = this.#now();
    if (now < this.#dueAt) return;
    this.#dueAt = now + everyMs;
    if (this.#membership.leads) await this.#compare(false);
  }

  /** Something was lost here, or may have been. */
  soon(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    const { rounds } = this.#comparing.counts;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        // Where all have lost something, the first of them has begun already; and an engine that has gone again is back later.
        if (this.#comparing.counts.rounds === rounds && this.#isReached()) void this.#compare(true);
      },
      afterLossMs + this.#membership.rank * rankMs,
    );
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #compare(isOfAll: boolean): Promise<void> {
    if (this.#isClosed || this.#membership.others.length === 0) return;
    this.#dueAt = this.#now() + everyMs;
    await this.#comparing.compare(isOfAll);
  }
}
