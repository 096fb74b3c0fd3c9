// When nodes compare what they have: once a minute, which one of them has all of them begin, and soon after this node has
// lost something.
import type { Comparing } from './comparing.ts';
import type { Membership } from './membership.ts';

const everyMs = 60_000;
/** Not at once, so that one round mends what several nodes have lost. */
const afterLossMs = 3000;
/** More than it takes to hear of a round that another node has begun. */
const rankMs = 500;

export class CompareTimes {
  readonly #comparing: Comparing;
  readonly #membership: Membership;
  readonly #now: () => number;
  #dueAt: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param now milliseconds */
  constructor(comparing: Comparing, membership: Membership, now: () => number) {
    this.#comparing = comparing;
    this.#membership = membership;
    this.#now = now;
    this.#dueAt = now() + everyMs;
  }

  /** With every beat. */
  async beat(): Promise<void> {
    const now = this.#now();
    if (now < this.#dueAt) return;
    this.#dueAt = now + everyMs;
    if (this.#membership.leads) await this.#compare();
  }

  /** Something was lost here, or may have been. */
  soon(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    const { rounds } = this.#comparing.counts;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        // Where all have lost something, the first of them has begun already.
        if (this.#comparing.counts.rounds === rounds) void this.#compare();
      },
      afterLossMs + this.#membership.rank * rankMs,
    );
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #compare(): Promise<void> {
    if (this.#isClosed || this.#membership.others.length === 0) return;
    this.#dueAt = this.#now() + everyMs;
    await this.#comparing.compare();
  }
}
