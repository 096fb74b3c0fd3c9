// Whether the engine takes and gives anything, which is said once when it goes, and once when it is back. Of one that comes
// and goes all the time no more is said than that, until it has stayed for a while.
import type { ClusterLog } from './cluster-parts.ts';

/** With one more than so many outages within this time it comes and goes. */
const mostOutages = 5;
const withinMs = 600_000;
/** How long it has to stay then until anything is said of it again. */
const steadyMs = 120_000;

export class EngineOutage {
  readonly #log: ClusterLog;
  readonly #now: () => number;
  #isReached = true;
  /** When the last outages began. */
  #begun: number[] = [];
  /** Outages since it was said that it comes and goes; 0 otherwise. */
  #unsaid = 0;
  #backAt = 0;

  /** @param now milliseconds */
  constructor(log: ClusterLog, now: () => number) {
    this.#log = log;
    this.#now = now;
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
    const now = this.#now();
    if (isReached && this.#isReached && this.#unsaid > 0 && now - this.#backAt >= steadyMs) this.#calmDown();
    if (isReached === this.#isReached) return false;
    this.#isReached = isReached;
    if (isReached) this.#comeBack(now);
    else this.#go(failure, now);
    return isReached;
  }

  #go(failure: string, now: number): void {
    this.#begun = [...this.#begun.filter((at) => now - at < withinMs), now].slice(-mostOutages - 1);
    if (this.#unsaid > 0) this.#unsaid++;
    else if (this.#begun.length > mostOutages) {
      this.#unsaid = 1;
      this.#log.warn(
        `cluster: the engine comes and goes (${failure}); no more is said of it until it has stayed for ${steadyMs / 60_000} minutes`,
      );
    } else
      this.#log.warn(
        `cluster: the engine takes nothing (${failure}); this node goes on alone, and what it has is told later`,
      );
  }

  #comeBack(now: number): void {
    this.#backAt = now;
    if (this.#unsaid === 0) this.#log.info('Cluster: the engine is back.');
  }

  #calmDown(): void {
    this.#log.info(
      `Cluster: the engine is back, and stays; it was away ${this.#unsaid} ${this.#unsaid === 1 ? 'time' : 'times'} more.`,
    );
    this.#unsaid = 0;
    this.#begun = [];
  }
}
