// What a client knows to be true of the tracker: every acknowledged announce; and how much of it the tracker forgot.

/** Integers, all 0 when nothing went wrong. */
export interface Balance {
  /** Peers that were acknowledged and are not handed out. */
  lost: number;
  /** Peers that are handed out although they have stopped, or never were. */
  ghost: number;
  /** Announces that no retry got an answer to. */
  failed: number;
}

export class Ledger {
  /** For each swarm by number: its ports, and whether the peer there is present; unknown while nothing is acknowledged. */
  readonly #swarms = new Map<number, Map<number, boolean | undefined>>();
  failed = 0;

  acknowledge(swarm: number, port: number, present: boolean): void {
    this.#peersOf(swarm).set(port, present);
  }

  /** An announce was given up: nobody knows whether the tracker got it. */
  giveUp(swarm: number, port: number): void {
    this.#peersOf(swarm).set(port, undefined);
    this.failed++;
  }

  /** Peers that are known to be there. */
  get present(): number {
    let count = 0;
    for (const peers of this.#swarms.values()) for (const present of peers.values()) count += Number(present);
    return count;
  }

  /** @param ask the ports of all of a swarm's peers as the tracker gives them */
  async balance(ask: (swarm: number) => Promise<Set<number>>): Promise<Balance> {
    const balance: Balance = { lost: 0, ghost: 0, failed: this.failed };
    for (const [swarm, peers] of this.#swarms) {
      const given = await ask(swarm);
      for (const [port, present] of peers) {
        if (present === true && !given.has(port)) balance.lost++;
        if (present === false && given.has(port)) balance.ghost++;
      }
      for (const port of given) if (!peers.has(port)) balance.ghost++;
    }
    return balance;
  }

  #peersOf(swarm: number): Map<number, boolean | undefined> {
    let peers = this.#swarms.get(swarm);
    if (peers === undefined) {
      peers = new Map();
      this.#swarms.set(swarm, peers);
    }
    return peers;
  }
}
