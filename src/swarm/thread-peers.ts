// Forgetting the peers whose connections have ended with their thread: nobody else knows of them, and they would be handed out for a TTL.

import type { LeaverWalk } from './leaver-walk.ts';
import { Leavers } from './leavers.ts';

const recordsAtOnce = 2048;

export class ThreadPeers {
  readonly #walk: LeaverWalk;
  readonly #leavers: Leavers;
  /** Who moved into a slot that was passed is met in the second. */
  #roundsLeft = 2;

  /** @param walk of the shards of connections; for the rest see Leavers.heldBy */
  constructor(walk: LeaverWalk, thread: number, generation: number) {
    this.#walk = walk;
    this.#leavers = new Leavers().heldBy(thread, generation);
  }

  /** Looks at a few thousand records at most; true when all have been looked at. */
  forget(): boolean {
    if (this.#walk.walk(recordsAtOnce, this.#leavers)) this.#roundsLeft--;
    return this.#roundsLeft === 0;
  }
}
