// One tracker after another on one data directory: this one takes the place of the last, and gives its own to the next.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadSystemCalls } from '../../net/system-calls.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { PlannedListener } from '../listening/listen-plan.ts';
import type { PassedFilters } from '../listening/passed-filters.ts';
import type { PassedSockets } from '../listening/passed-sockets.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import type { TakenOver } from '../storage/snapshots.ts';
import { hasPredecessor, Predecessor } from './predecessor.ts';
import { type Succession, TakeoverDoor, type TakeoverDoorOptions } from './takeover-door.ts';

/** What this tracker does for the one that is to take its place. */
export type Succeeded = Omit<TakeoverDoorOptions, 'calls' | 'directory' | 'goesOn'>;

/** The methods are called in the order in which they stand here; where there is nothing to take, they do nothing. */
export class Takeover {
  readonly #dataDir: string | undefined;
  readonly #predecessor: Predecessor | undefined;
  readonly #kept: PassedSockets | undefined;
  readonly #log: Log;
  readonly #isToEnd: () => boolean;
  #door: TakeoverDoor | undefined;
  #gapMs = 0;

  private constructor(
    dataDir: string | undefined,
    predecessor: Predecessor | undefined,
    kept: PassedSockets | undefined,
    log: Log,
    isToEnd: () => boolean,
  ) {
    this.#dataDir = dataDir;
    this.#predecessor = predecessor;
    this.#kept = kept;
    this.#log = log;
    this.#isToEnd = isToEnd;
  }

  /**
   * Looks for a tracker that runs on the data directory, and asks it for its sockets.
   * @param kept this process's own sockets, from before another tracker failed to take its place, or those of one that
   * ended before this one had
   * @param isToEnd whether this process is told to end: it does not take a place then
   * @throws StartError when one runs there whose place this one shall not take, or which does not give it
   */
  static prepare(
    { dataDir, takeover }: Configuration,
    log: Log,
    kept: PassedSockets | undefined,
    isToEnd: () => boolean,
  ): Takeover {
    const { calls, reason } = loadSystemCalls();
    if (takeover && !calls) log.warn(`--takeover cannot be done here (${reason}); this is an ordinary start`);
    if (dataDir === undefined || !calls) return new Takeover(dataDir, undefined, kept, log, isToEnd);
    if (!takeover) {
      if (hasPredecessor(calls, dataDir))
        throw new StartError(`another tracker runs on --data-dir ${dataDir}; --takeover takes its place`);
      return new Takeover(dataDir, undefined, kept, log, isToEnd);
    }
    const predecessor = Predecessor.find(calls, dataDir);
    if (predecessor === undefined) log.info('No tracker runs on --data-dir that could be taken over.');
    return new Takeover(dataDir, predecessor, kept, log, isToEnd);
  }

  /** Whether this tracker takes, or has taken, another one's place. */
  get takesPlace(): boolean {
    return this.#predecessor !== undefined;
  }

  /** The plan with the sockets that are there already. */
  furnish(plan: readonly PlannedListener[]): readonly PlannedListener[] {
    return (this.#predecessor?.sockets ?? this.#kept)?.furnish(plan) ?? plan;
  }

  /** Filters of network interfaces that are attached already. */
  get filters(): PassedFilters | undefined {
    return this.#predecessor?.filters;
  }

  /**
   * Takes the swarms over; from then on the other tracker does not answer any more, and this one has to.
   * @throws StartError when it does not come to that; the other tracker goes on then
   * @throws PredecessorEnded when it does not
   */
  async copyTo(store: SwarmStore): Promise<TakenOver | undefined> {
    return await this.#predecessor?.copyTo(store, () => this.#hearIsToEnd());
  }

  /** Signals that came while the thread was blocked are heard in a turn of the event loop that looks for what has come. */
  async #hearIsToEnd(): Promise<boolean> {
    await nextTurn();
    await nextTurn();
    return this.#isToEnd();
  }

  /** To be told the moment in which this tracker answers. */
  answers(): void {
    this.#gapMs = this.#predecessor?.sinceStop ?? 0;
  }

  /**
   * Lets the other tracker end. Not before everything is started: until then it would serve again.
   * @throws StartError when it has not waited, and serves again
   */
  async complete(): Promise<void> {
    if (this.#predecessor === undefined) return;
    if (!(await this.#predecessor.release(() => this.#hearIsToEnd())))
      this.#log.warn(
        'the other tracker ended by itself before it was asked to; what it had not passed on is lost',
      );
    this.#log.info(`Took the other tracker's place; for ${this.#gapMs.toFixed(0)} ms nobody answered.`);
  }

  /** Lets the next tracker take this one's place, where that can be. */
  async open(succeeded: Succeeded): Promise<void> {
    const { calls } = loadSystemCalls();
    if (this.#dataDir === undefined || !calls) return;
    try {
      this.#door = await TakeoverDoor.open({
        ...succeeded,
        calls,
        directory: this.#dataDir,
        goesOn: (reason) => this.#log.warn(`another tracker did not take over: ${reason}; this one goes on`),
      });
    } catch (error) {
      // A path too long for a socket, or a file system without them: everything else works.
      succeeded.failed(new Error(`no tracker can take this one over: ${(error as Error).message}`));
    }
  }

  /** Resolves once, if ever, when this tracker has stopped for another; `undefined` where none can take its place. */
  get left(): Promise<Succession> | undefined {
    return this.#door?.left;
  }

  /** Whether this tracker has stopped answering for another, which does not serve yet. */
  get isLeaving(): boolean {
    return this.#door?.isLeaving ?? false;
  }

  /** Keeps other trackers waiting until this one has ended. */
  end(): void {
    this.#door?.end();
  }

  /** Lets no other tracker in any more. */
  close(): void {
    this.#door?.close();
  }
}
