// Announces that wait until somebody has decided about them: the transport that asked is told to ask again, and is answered then.
import { type Failure, tooManyRequests, undecided } from '../protocol/failure.ts';

/** Why an announce is refused; undefined when it is not. */
export type Decision = Failure | undefined;

/** Each of them keeps its question in memory. */
const mostWaiting = 10_000;

/** One a thread, where decisions are not always at hand. */
export class PendingDecisions {
  #latest: Promise<Decision> | undefined;
  #given: { readonly decision: Decision } | undefined;
  #waiting = 0;

  /** What has been decided of the announce in hand; `undecided` until then. `decide` is called once for each announce. */
  of(decide: () => Decision | Promise<Decision>): Decision {
    if (this.#given !== undefined) return this.#given.decision;
    if (this.#waiting >= mostWaiting) return tooManyRequests;
    const decision = decide();
    if (!(decision instanceof Promise)) return decision;
    this.#latest = decision;
    return undecided;
  }

  /** Calls `again`, in which the announce just found to be undecided is made once more, when it is decided. */
  whenDecided(again: () => void): void {
    const latest = this.#latest;
    this.#latest = undefined;
    if (latest === undefined) return;
    this.#waiting++;
    void latest.then((decision) => {
      this.#waiting--;
      this.#given = { decision };
      try {
        again();
      } finally {
        this.#given = undefined;
      }
    });
  }
}
