// How a bounded number of places is shared out: whoever has the most gives one back when somebody else comes.

export class FairPlaces<T> {
  readonly #most: number;
  /** Who has which, the oldest first. */
  readonly #places = new Map<string, Set<T>>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Gives `client` a place. Returns whom it was taken from when all were taken: the oldest of who has the most. */
  take(client: string, holder: T): T | undefined {
    const own = this.#places.get(client) ?? new Set<T>();
    own.add(holder);
    this.#places.set(client, own);
    this.#taken++;
    if (this.#taken <= this.#most) return undefined;
    let greediest: string | undefined;
    // Of equals the first: not the newcomer.
    for (const [other, held] of this.#places) {
      if (greediest === undefined || held.size > this.#places.get(greediest)!.size) greediest = other;
    }
    const [oldest] = this.#places.get(greediest!)!;
    this.giveBack(greediest!, oldest);
    return oldest;
  }

  /** Whether it had the place still: one that has been taken back is not given back again. */
  giveBack(client: string, holder: T): boolean {
    const own = this.#places.get(client);
    if (own === undefined || !own.delete(holder)) return false;
    if (own.size === 0) this.#places.delete(client);
    this.#taken--;
    return true;
  }

  /** Who has which; places may be given back meanwhile. */
  *[Symbol.iterator](): Generator<[client: string, holder: T]> {
    for (const [client, held] of this.#places) for (const holder of held) yield [client, holder];
  }
}
