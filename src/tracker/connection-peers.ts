// What is answered to peers that are connections (WebTorrent): the rules of access, then the store's swarms of them.

import type { Failure } from '../protocol/failure.ts';
import { trackerFull } from '../protocol/failure.ts';
import type { ConnectionSwarms } from '../swarm/connection-swarms.ts';
import { type ConnectionVisit, Visited } from '../swarm/connection-visit.ts';
import type { Protection } from './protection.ts';

export {
  ConnectionVisit,
  holderField,
  holderWords,
  mostSeats,
  mostThreads,
  placeOf,
  seatOf,
  threadOf,
} from '../swarm/connection-visit.ts';
export { keyedHash } from '../swarm/keyed-hash.ts';

/** What became of an announce that was not refused. */
export type Joined = 'joined' | 'renewed' | 'taken';

export class ConnectionPeers {
  readonly #swarms: ConnectionSwarms;
  readonly #protection: Protection;

  constructor(swarms: ConnectionSwarms, protection: Protection) {
    this.#swarms = swarms;
    this.#protection = protection;
  }

  /** Answers an announce into its own fields: the counts, and up to `want` others of the swarm. */
  announce(visit: ConnectionVisit, want: number, now: number): Joined | Failure {
    const failure = this.#protection.access?.failureOf(visit, now);
    if (failure !== undefined) return failure;
    switch (this.#swarms.announce(visit, want, now)) {
      case Visited.joined:
        return 'joined';
      case Visited.renewed:
        return 'renewed';
      case Visited.taken:
        return 'taken';
      default:
        return trackerFull;
    }
  }

  /** Takes a peer out if it is this connection's, and counts the others; whether it was. */
  stop(visit: ConnectionVisit): boolean {
    return this.#swarms.stop(visit);
  }

  /** Whether there is such a peer; `visit.holder` says who holds it. */
  find(visit: ConnectionVisit): boolean {
    return this.#swarms.find(visit);
  }
}
