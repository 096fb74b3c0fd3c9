// Knows in which order connections last asked something, so that the one that has been silent longest is found at once.

/** A place in the order; whoever has it is in one order at most. */
export interface Placed<T> {
  /** Neighbours; undefined at an end and outside an order. */
  older: T | undefined;
  newer: T | undefined;
}

/** A doubly linked list through its members: a Map in order of insertion would be walked over all that has left. */
export class ConnectionOrder<T extends Placed<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** The one that was added or renewed before all others; undefined when there is none. */
  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Puts in one that is not in an order. */
  add(one: T): void {
    one.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.newer = one;
    this.#newest = one;
  }

  /** Takes out one that is in. */
  remove(one: T): void {
    const { older, newer } = one;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    one.older = one.newer = undefined;
  }

  /** Makes one that is in the newest. */
  renew(one: T): void {
    if (one === this.#newest) return;
    this.remove(one);
    this.add(one);
  }
}
