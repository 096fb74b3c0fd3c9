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
    let greediest = client;
    for (const [other, held] of this.#places) {
      if (held.size > this.#places.get(greediest)!.size) greediest = other;
    }
    const [oldest] = this.#places.get(greediest)!;
    this.giveBack(greediest, oldest);
    return oldest;
  }

  /** Nothing happens when it has been taken back already. */
  giveBack(client: string, holder: T): void {
    const own = this.#places.get(client);
    if (own === undefined || !own.delete(holder)) return;
    if (own.size === 0) this.#places.delete(client);
    this.#taken--;
  }
}
