// When the store is saved: every interval by a thread of its own, and at the end; and what is said about it.
import { Worker } from 'node:worker_threads';
import { formatVersion } from '../../swarm/snapshot-format.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { LogFields } from '../log/log.ts';
import {
  type LoadedSnapshots,
  loadSnapshots,
  removeUnfinished,
  type SavedSnapshot,
  saveSnapshot,
} from './snapshot-file.ts';
import type { SnapshotWorkerData, SnapshotWorkerMessage } from './snapshot-worker.ts';

export interface SnapshotsOptions {
  directory: string;
  /** From the end of one save to the beginning of the next. */
  intervalSeconds: number;
  log: SnapshotLog;
}

interface SnapshotLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** For whoever watches; all counts begin with this process. */
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

const workerFile = new URL('./snapshot-worker.js', import.meta.url);

export class Snapshots {
  readonly #store: SwarmStore;
  readonly #options: SnapshotsOptions;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));
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
      log.warn(`${refused} peers of the other tracker found no room: --memory-limit is too small for them`);
    }
    const seconds = (durationMs / 1000).toFixed(1);
    log.info(
      `Took over ${peers} peers in ${this.#store.totals().swarms} torrents in ${seconds} s (${expired} had expired)`,
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
      const rest = loaded.files > 1 ? 'what they held was taken from the one before' : 'the rest was loaded';
      log.warn(`${loaded.damaged} damaged sections of the snapshot were skipped; ${rest}`);
    }
    if (loaded.refused > 0) {
      log.warn(`${loaded.refused} peers of the snapshot found no room: --memory-limit is too small for them`);
    }
    if (loaded.files === 0) return;
    const seconds = (loaded.durationMs / 1000).toFixed(1);
    log.info(
      `Loaded ${loaded.peers} peers in ${this.#store.totals().swarms} torrents from the snapshot in ${seconds} s` +
        ` (${loaded.expired} had expired)`,
    );
  }

  start(): void {
    this.#timer = setTimeout(
      () => void this.save().then(() => this.start()),
      this.#options.intervalSeconds * 1000,
    );
  }

  /** Whether nothing is saved, from `stop` to `resume`. */
  get isResting(): boolean {
    return Atomics.load(this.#cancelled, 0) !== 0;
  }

  /**
   * Saves once in the background; joins a save that is under way. Never rejects: a failure is logged and counted.
   * `undefined` then, and while saving rests.
   */
  save(): Promise<SavedSnapshot | undefined> {
    this.#saving ??= this.#saveInThread()
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
    Atomics.store(this.#cancelled, 0, 0);
    this.start();
  }

  /** Ends the saving at intervals, also where it is under way. */
  async stop(): Promise<void> {
    Atomics.store(this.#cancelled, 0, 1);
    await this.#saving;
    clearTimeout(this.#timer);
    removeUnfinished(this.#options.directory);
  }

  /** Saves for the last time, once nothing changes the store any more; blocks the thread. */
  async close(): Promise<void> {
    await this.stop();
    try {
      const saved = saveSnapshot(this.#store, this.#options.directory)!;
      this.#succeeded(saved);
      this.#options.log.info(`Saved ${saved.peers} peers (${formatCost(saved)}).`);
    } catch (error) {
      this.#failed(error);
    }
  }

  #saveInThread(): Promise<SnapshotWorkerMessage> {
    return new Promise((resolve, reject) => {
      const data: SnapshotWorkerData = {
        store: this.#store.buffer,
        directory: this.#options.directory,
        cancelled: this.#cancelled,
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
    log.debug(`Snapshot of ${saved.peers} peers saved (${formatCost(saved)}).`);
  }

  // One line when it begins: an operator who has not made room yet need not read it every minute.
  #failed(error: unknown): void {
    const { message } = error instanceof Error ? error : new Error(String(error));
    this.figures.failures++;
    this.figures.failing = message;
    if (this.#failing) return;
    this.#failing = true;
    const { directory, log, intervalSeconds } = this.#options;
    log.error(
      `cannot save the snapshot in ${directory}: ${message}; the last one stays, and it is tried again every ${intervalSeconds} s`,
    );
  }
}

function formatCost({ bytes, durationMs }: SavedSnapshot): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB in ${(durationMs / 1000).toFixed(2)} s`;
}
