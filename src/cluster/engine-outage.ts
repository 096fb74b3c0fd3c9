// Whether the engine takes and gives anything, which is said once when it goes, and once when it is back.
import type { ClusterLog } from './cluster-parts.ts';

export class EngineOutage {
  readonly #log: ClusterLog;
  #isReached = true;

  constructor(log: ClusterLog) {
    this.#log = log;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /**
   * After anything was asked of it.
   * @param failure why it was not done; `undefined` when it was
   * @returns whether it is back with that
   */
  note(failure: string | undefined): boolean {
    const isReached = failure === undefined;
    if (isReached === this.#isReached) return false;
    this.#isReached = isReached;
    if (isReached) this.#log.info('Cluster: the engine is back.');
    else
      this.#log.warn(
        `cluster: the engine takes nothing (${failure}); this node goes on alone, and what it has is told later`,
      );
    return isReached;
  }
}
