// When the store is saved: every interval by a thread of its own, and at the end; and what is said about it.

import { Worker } from 'node:worker_threads';
import { formatCount } from '../../cli/format-count.ts';
import { formatVersion } from '../../swarm/snapshot-format.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { LogFields } from '../log/log.ts';
import { SavingState } from './saving-state.ts';
import {
  type LoadedSnapshots,
  lastSavedAt,
  loadSnapshots,
  removeUnfinished,
  type SavedSnapshot,
} from './snapshot-file.ts';
import type { SnapshotWorkerData, SnapshotWorkerMessage } from './snapshot-worker.ts';

export interface SnapshotsOptions {
  directory: string;
  /** From the end of one save to the beginning of the next. */
  intervalSeconds: number;
  log: SnapshotLog;
  /** For so long nothing may be written of the last snapshot before it is given up. */
  silentMs?: number;
}

interface SnapshotLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** For whoever observes; all counts begin with this process. */
export interface SnapshotFigures {
  /** Unix time of the last save that succeeded; 0 before. */
  savedAt: number;
  durationMs: number;
  bytes: number;
  peers: number;
  saves: number;
  failures: number;
  /** Why the last save failed; undefined when it did not. */
  failing: string | undefined;
  loadedPeers: number;
  damagedSections: number;
}

/** What came from another tracker instead of a file. */
export interface TakenOver {
  peers: number;
  expired: number;
  refused: number;
  /** All of it took so long; the old tracker answered for most of that. */
  durationMs: number;
}

/** A disk that moves 64 MiB in it is slow and not broken: the last snapshot takes as long as it takes. */
const usualSilentMs = 30_000;

const checkEveryMs = 1000;

const workerFile = new URL('./snapshot-worker.js', import.meta.url);

export class Snapshots {
  readonly #store: SwarmStore;
  readonly #options: SnapshotsOptions;
  #intervalSeconds: number;
  /** Of the save under way, or the last one. */
  #state = new SavingState();
  #resting = false;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<SavedSnapshot | undefined> | undefined;
  #failing = false;
  readonly figures: SnapshotFigures = {
    savedAt: 0,
    durationMs: 0,
    bytes: 0,
    peers: 0,
    saves: 0,
    failures: 0,
    failing: undefined,
    loadedPeers: 0,
    damagedSections: 0,
  };

  constructor(store: SwarmStore, options: SnapshotsOptions) {
    this.#store = store;
    this.#options = options;
    this.#intervalSeconds = options.intervalSeconds;
  }

  /** Adds what was saved before to the store; blocks the thread, and never throws. */
  load(): void {
    this.#report(loadSnapshots(this.#store, this.#options.directory));
  }

  /** Notes what came from another process instead. */
  tookOver({ peers, expired, refused, durationMs }: TakenOver): void {
    this.figures.loadedPeers = peers;
    const { log } = this.#options;
    if (refused > 0) {
      log.warn(
        `${formatCount(refused, 'peer')} of the other tracker found no room: --memory-limit is too small for them`,
      );
    }
    const seconds = (durationMs / 1000).toFixed(1);
    log.info(
      `Took over ${formatCount(peers, 'peer')} in ${formatCount(this.#store.totals().swarms, 'torrent')} in ${seconds} s (${expired} had expired)`,
    );
  }

  #report(loaded: LoadedSnapshots): void {
    const { log } = this.#options;
    this.figures.loadedPeers = loaded.peers;
    this.figures.damagedSections = loaded.damaged;
    for (const { from, version, to } of loaded.otherVersions) {
      log.warn(
        `${from} was written by version ${version} of the format, this is ${formatVersion}: nothing was read from it, ` +
          `and it is kept as ${to}`,
      );
    }
    for (const reason of loaded.unreadable) log.warn(`a snapshot cannot be read: ${reason}`);
    if (loaded.damaged > 0) {
      const read = loaded.peers + loaded.expired + loaded.refused > 0;
      let rest = read ? 'the rest was loaded' : 'nothing else was in it';
      if (loaded.files > 1) rest = 'what they held was taken from the one before';
      log.warn(
        `${formatCount(loaded.damaged, 'damaged section')} of the snapshot ${loaded.damaged === 1 ? 'was' : 'were'} skipped; ${rest}`,
      );
    }
    if (loaded.refused > 0) {
      log.warn(
        `${formatCount(loaded.refused, 'peer')} of the snapshot found no room: --memory-limit is too small for them`,
      );
    }
    if (loaded.files === 0) return;
    const seconds = (loaded.durationMs / 1000).toFixed(1);
    log.info(
      `Loaded ${formatCount(loaded.peers, 'peer')} in ${formatCount(this.#store.totals().swarms, 'torrent')} from the snapshot in ${seconds} s` +
        ` (${loaded.expired} had expired)`,
    );
  }

  start(): void {
    this.#timer = setTimeout(() => void this.save().then(() => this.start()), this.#intervalSeconds * 1000);
  }

  /** The next saving comes so long after this; what is under way goes on. */
  changeInterval(seconds: number): void {
    this.#intervalSeconds = seconds;
    if (this.#saving !== undefined || this.isResting) return;
    clearTimeout(this.#timer);
    this.start();
  }

  /** Whether nothing is saved, from `stop` to `resume`. */
  get isResting(): boolean {
    return this.#resting;
  }

  /**
   * Saves once in the background; joins a save that is under way. Never rejects: a failure is logged and counted.
   * `undefined` then, and while saving rests.
   */
  save(): Promise<SavedSnapshot | undefined> {
    if (this.#resting) return Promise.resolve(undefined);
    this.#saving ??= this.#saveInThread(false)
      .then(
        (saved) => {
          if (saved !== undefined) this.#succeeded(saved);
          return saved;
        },
        (error) => {
          this.#failed(error);
          return undefined;
        },
      )
      .finally(() => {
        this.#saving = undefined;
      });
    return this.#saving;
  }

  /** Takes up the saving at intervals again after `stop`. */
  resume(): void {
    this.#resting = false;
    this.start();
  }

  /** Ends the saving at intervals, also where it is under way. */
  async stop(): Promise<void> {
    this.#resting = true;
    this.#state.cancel();
    await this.#saving;
    clearTimeout(this.#timer);
    removeUnfinished(this.#options.directory);
  }

  /**
   * Saves for the last time, once nothing changes the store any more. Not in this thread, which hears signals meanwhile.
   * @param goesOn called about once a second while something is written
   * @returns why what is not saved yet is lost; `undefined` when all is saved
   */
  async close(goesOn: () => void = () => {}): Promise<string | undefined> {
    const { log, directory } = this.#options;
    try {
      await this.#unlessSilent(this.stop(), goesOn);
      const saved = (await this.#unlessSilent(this.#saveInThread(true), goesOn))!;
      this.#succeeded(saved);
      log.info(`Saved ${formatCount(saved.peers, 'peer')} (${formatCost(saved)}).`);
      return undefined;
    } catch (error) {
      const { message } = error as Error;
      this.figures.failures++;
      this.figures.failing = message;
      const savedAt = lastSavedAt(directory);
      const stays = savedAt === 0 ? 'there is no snapshot' : `the last one is of ${formatTime(savedAt)}`;
      log.error(
        `the last snapshot could not be saved in ${directory}: ${message}; ${stays}, and what came later is lost`,
      );
      return message;
    }
  }

  /** As `done`; rejects when nothing has been written for too long. */
  async #unlessSilent<T>(done: Promise<T>, goesOn: () => void): Promise<T> {
    const { silentMs = usualSilentMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      let { written } = this.#state;
      let since = performance.now();
      timer = setInterval(
        () => {
          if (this.#state.written !== written) {
            written = this.#state.written;
            since = performance.now();
            goesOn();
          } else if (performance.now() - since > silentMs)
            reject(new Error(`nothing has been written for ${silentMs / 1000} s`));
        },
        Math.min(checkEveryMs, silentMs),
      );
    });
    try {
      return await Promise.race([done, silent]);
    } finally {
      clearInterval(timer);
    }
  }

  #saveInThread(hurries: boolean): Promise<SnapshotWorkerMessage> {
    this.#state = new SavingState();
    return new Promise((resolve, reject) => {
      const data: SnapshotWorkerData = {
        store: this.#store.buffer,
        directory: this.#options.directory,
        state: this.#state.words,
        hurries,
      };
      const worker = new Worker(workerFile, { workerData: data });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the saving thread ended by itself')));
    });
  }

  #succeeded(saved: SavedSnapshot): void {
    const { figures } = this;
    figures.saves++;
    figures.failing = undefined;
    figures.savedAt = Math.floor(Date.now() / 1000);
    figures.durationMs = saved.durationMs;
    figures.bytes = saved.bytes;
    figures.peers = saved.peers;
    const { log } = this.#options;
    if (this.#failing) log.info('The snapshot could be saved again.');
    this.#failing = false;
    log.debug(`Snapshot of ${formatCount(saved.peers, 'peer')} saved (${formatCost(saved)}).`);
  }

  // One line when it begins: an operator who has not made room yet need not read it every minute.
  #failed(error: unknown): void {
    const { message } = error instanceof Error ? error : new Error(String(error));
    this.figures.failures++;
    this.figures.failing = message;
    if (this.#failing) return;
    this.#failing = true;
    const { directory, log } = this.#options;
    log.error(
      `cannot save the snapshot in ${directory}: ${message}; the last one stays, and it is tried again every ${this.#intervalSeconds} s`,
    );
  }
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function formatCost({ bytes, durationMs }: SavedSnapshot): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB in ${(durationMs / 1000).toFixed(2)} s`;
}
