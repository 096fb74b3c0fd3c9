// Knows whose time runs out when, for any number of connections, at the cost of a number written at each change.

/** A place on the wheel; whoever has it is on one wheel at most. */
export interface Timed<T> {
  /** When its time runs out, in milliseconds of the wheel's clock. May be put off at will; see `advance`. */
  deadline: number;
  /** Neighbours on the spoke; undefined at an end and outside the wheel. */
  wheelBefore: T | undefined;
  wheelAfter: T | undefined;
  /** Number of the spoke; −1 outside the wheel. */
  spoke: number;
}

const spokes = 64;

/**
 * Each spoke holds those who may run out in one stretch of `stepMs`. Who puts its deadline off is only moved when the
 * wheel comes to its old spoke, so that a request costs nothing here. Who brings it forward calls `place`.
 */
export class TimeWheel<T extends Timed<T>> {
  readonly stepMs: number;
  readonly #heads: (T | undefined)[] = new Array<T | undefined>(spokes).fill(undefined);
  /** Stretches that have passed. */
  #turned: number;

  constructor(stepMs: number, nowMs: number) {
    this.stepMs = stepMs;
    this.#turned = Math.floor(nowMs / stepMs);
  }

  /** Puts `one` where its deadline says, or moves it there. */
  place(one: T): void {
    this.remove(one);
    // Never on the spoke that is being looked at, and not so far that the wheel would come by too early for nothing.
    const due = Math.floor(one.deadline / this.stepMs) + 1;
    const stretch = Math.min(Math.max(due, this.#turned + 1), this.#turned + spokes - 1);
    const spoke = stretch % spokes;
    const head = this.#heads[spoke];
    one.spoke = spoke;
    one.wheelAfter = head;
    if (head !== undefined) head.wheelBefore = one;
    this.#heads[spoke] = one;
  }

  /** Takes `one` off, if it is on. */
  remove(one: T): void {
    if (one.spoke < 0) return;
    const { wheelBefore, wheelAfter } = one;
    if (wheelBefore === undefined) this.#heads[one.spoke] = wheelAfter;
    else wheelBefore.wheelAfter = wheelAfter;
    if (wheelAfter !== undefined) wheelAfter.wheelBefore = wheelBefore;
    one.wheelBefore = one.wheelAfter = undefined;
    one.spoke = -1;
  }

  /**
   * Turns to `nowMs` and calls `expired` with those whose deadline has passed, who are off the wheel then; with `most` of them, and
   * the others of that moment the next time.
   * @returns whether there are no others
   */
  advance(nowMs: number, expired: (one: T) => void, most = Number.POSITIVE_INFINITY): boolean {
    const now = Math.floor(nowMs / this.stepMs);
    // After a long pause once round is enough.
    this.#turned = Math.max(this.#turned, now - spokes);
    for (let left = most; ; ) {
      const spoke = this.#turned % spokes;
      for (let one = this.#heads[spoke]; one !== undefined; one = this.#heads[spoke]) {
        if (one.deadline > nowMs) {
          this.place(one);
          continue;
        }
        if (left-- <= 0) return false;
        this.remove(one);
        expired(one);
      }
      if (this.#turned >= now) return true;
      this.#turned++;
    }
  }
}
