// What clients of a cluster know to be true: every acknowledged announce, to which node it was, and when.

/** Well under the number of peers in one reply, so that whoever asks is given all of them. */
const peersPerSwarm = 100;
const firstPort = 20_000;

const State = { unknown: -1, gone: 0, there: 1 } as const;

export class ClusterLedger {
  readonly peers: number;
  readonly #state: Int8Array;
  readonly #node: Int8Array;
  /** When it was acknowledged last, by `performance.now()`; 0 of a peer that has never been. */
  readonly #at: Float64Array;
  /** Announces under way, of which nobody knows whether they have arrived. */
  readonly #busy: Uint8Array;
  acknowledged = 0;

  /** @param peers a multiple of 100 */
  constructor(peers: number) {
    this.peers = peers;
    this.#state = new Int8Array(peers).fill(State.unknown);
    this.#node = new Int8Array(peers);
    this.#at = new Float64Array(peers);
    this.#busy = new Uint8Array(peers);
  }

  get swarms(): number {
    return this.peers / peersPerSwarm;
  }

  swarmOf(peer: number): number {
    return Math.floor(peer / peersPerSwarm);
  }

  portOf(peer: number): number {
    return firstPort + (peer % peersPerSwarm);
  }

  isBusy(peer: number): boolean {
    return this.#busy[peer] === 1;
  }

  isThere(peer: number): boolean {
    return this.#state[peer] === State.there;
  }

  begin(peer: number): void {
    this.#busy[peer] = 1;
  }

  acknowledge(peer: number, node: number, isThere: boolean): void {
    this.#busy[peer] = 0;
    this.#state[peer] = isThere ? State.there : State.gone;
    this.#node[peer] = node;
    this.#at[peer] = performance.now();
    this.acknowledged++;
  }

  /** Nobody knows whether it was heard. */
  giveUp(peer: number): void {
    this.#busy[peer] = 0;
    this.#state[peer] = State.unknown;
    this.#at[peer] = performance.now();
  }

  /** A node has died: what it alone has been told since then may be lost with it. */
  forget(node: number, since: number): void {
    for (let peer = 0; peer < this.peers; peer++) {
      if (this.#node[peer] === node && this.#at[peer] > since) this.#state[peer] = State.unknown;
    }
  }

  /**
   * What is wrong with what a node hands out of a swarm.
   * @param before what was acknowledged later does not count
   * @returns how many are missing, how many should not be there, and when the first of each was acknowledged
   */
  compare(
    swarm: number,
    given: ReadonlySet<number>,
    before: number,
  ): { lost: number; ghost: number; lostSince: number; ghostSince: number } {
    const never = Number.POSITIVE_INFINITY;
    const wrong = { lost: 0, ghost: 0, lostSince: never, ghostSince: never };
    for (let i = 0; i < peersPerSwarm; i++) {
      const peer = swarm * peersPerSwarm + i;
      const at = this.#at[peer];
      if (this.#busy[peer] === 1 || at > before) continue;
      const isGiven = given.has(firstPort + i);
      const isLost = this.#state[peer] === State.there && !isGiven;
      const isGhost = isGiven && (this.#state[peer] === State.gone || at === 0);
      if (isLost) wrong.lost++;
      if (isGhost) wrong.ghost++;
      if (isLost) wrong.lostSince = Math.min(wrong.lostSince, at);
      if (isGhost) wrong.ghostSince = Math.min(wrong.ghostSince, at);
    }
    return wrong;
  }
}
