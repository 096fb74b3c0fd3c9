// The cluster seen from the main thread: its thread is started, heard, and told what an operator does.
import { hostname } from 'node:os';
import type { ClusterState } from '../../cluster/cluster-state.ts';
import type { ListNews } from '../../cluster/list-news.ts';
import type { SaidOfList } from '../../cluster/list-record.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { refreshTicksFor } from '../../swarm/tick.ts';
import type { SharedKeys } from '../../transport/opener.ts';
import { KeptThread } from '../listening/kept-thread.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import type { Snapshots } from '../storage/snapshots.ts';
import { version } from '../version.ts';
import { readClusterSecret } from './cluster-secret.ts';
import type { ClusterMessage, ClusterOrder, ClusterThreadData } from './cluster-words.ts';
import { ListRecordFile } from './list-record-file.ts';
import { PositionFile } from './position-file.ts';

/** The compiled thread. */
const program = new URL('./cluster-worker.js', import.meta.url);
/** As long as the start waits for keys that ids of other nodes are checked with. */
const keysWithinMs = 3000;
const leaveWithinMs = 2000;
/** The thread has nothing to wait for; one that failed just now is started again. */
const beginsWithinMs = 1000;

type TakeKeys = (keys: SharedKeys) => void;
type ApplyLists = (said: readonly SaidOfList[]) => Promise<void>;

export interface ClusterLinkParts {
  readonly configuration: Configuration;
  readonly store: SwarmStore;
  readonly keys: ConnectionKeys;
  readonly snapshots: Snapshots | undefined;
  readonly log: Log;
  readonly failed: (error: unknown) => void;
}

export class ClusterLink {
  readonly node: string;
  readonly #parts: ClusterLinkParts;
  readonly #secret: string;
  readonly #file: PositionFile | undefined;
  readonly #listFile: ListRecordFile | undefined;
  readonly #thread: KeptThread<ClusterMessage>;
  #begins = false;
  #from: string | undefined;
  #keys: SharedKeys | undefined;
  #takeKeys: TakeKeys = () => {};
  /** Resolves when there is somebody to apply what is said at other nodes; they hear it one after the other. */
  #listsApplied: Promise<unknown>;
  #applyLists: ApplyLists = async () => {};
  #followLists: () => void = () => {};
  #keysKnown: (() => void) | undefined;
  #begun: (() => void) | undefined;
  /** The last that the thread told. */
  state: ClusterState | undefined;

  /** @throws StartError for a secret that cannot be read */
  constructor(parts: ClusterLinkParts) {
    const { configuration, store, failed, log } = parts;
    const { cluster, clusterNode, dataDir, peerTtl, interval } = configuration;
    this.#parts = parts;
    this.node = clusterNode ?? hostname();
    this.#secret = readClusterSecret(configuration, log);
    this.#file = dataDir === undefined ? undefined : new PositionFile(dataDir);
    this.#listFile = dataDir === undefined ? undefined : new ListRecordFile(dataDir);
    this.#listsApplied = new Promise<void>((resolve) => {
      this.#followLists = resolve;
    });
    const data = (): Omit<ClusterThreadData, 'seed'> => ({
      store: store.buffer,
      ...{ url: cluster!, node: this.node, secret: this.#secret, version },
      refreshTicks: refreshTicksFor(peerTtl, interval),
      ...{ keys: parts.keys, begins: this.#begins, from: this.#from },
      keptLists: this.#listFile?.read(),
    });
    this.#thread = new KeptThread<ClusterMessage>(
      { name: 'cluster thread', program, data, linesWaiting: new Int32Array(1) },
      { failed, abandoned: () => {}, lines: undefined, hear: (message) => this.#hear(message) },
    );
  }

  /**
   * Starts the thread, which connects; it takes part from `begin` on.
   * @throws StartError when it cannot
   */
  async start(): Promise<void> {
    if (this.#secret === '')
      this.#parts.log.warn(
        '--cluster without --cluster-secret-file: whoever can write to the engine can put peers into swarms',
      );
    try {
      await this.#thread.start();
    } catch (error) {
      throw new StartError(`--cluster: ${(error as Error).message}`, { cause: error });
    }
  }

  /**
   * The store holds what it holds at the start; resolves when whatever changes from then on is told.
   * @param isOwn whether that comes from this node's snapshot, and not from another process
   */
  async begin(isOwn: boolean): Promise<void> {
    this.#begins = true;
    // A store without peers has nothing that news could be added to.
    const { swarms } = this.#parts.store.totals();
    const handedOver = this.#file?.takeHandedOver();
    const known = isOwn ? this.#file?.read() : handedOver;
    this.#from = swarms > 0 ? known : undefined;
    const begun = new Promise<void>((resolve) => {
      this.#begun = resolve;
    });
    this.#post({ kind: 'begin', from: this.#from });
    await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, beginsWithinMs).unref())]);
  }

  /** The keys that all nodes share; this node's own where the engine does not tell them in time. */
  async sharedKeys(): Promise<SharedKeys | undefined> {
    if (this.#keys === undefined) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#keysKnown = resolve;
        }),
        new Promise<void>((resolve) => setTimeout(resolve, keysWithinMs).unref()),
      ]);
    }
    return this.#keys;
  }

  /** Calls `take` with keys that come into force from now on. */
  followKeys(take: TakeKeys): void {
    this.#takeKeys = take;
    if (this.#keys) take(this.#keys);
  }

  /** Calls `apply` with what operators do at other nodes, also before now; it never rejects. */
  followLists(apply: ApplyLists): void {
    this.#applyLists = apply;
    this.#followLists();
  }

  /** Tells other nodes what an operator has done here. */
  tellList(news: ListNews): void {
    this.#post({ kind: 'list', news });
  }

  /** Whether this node has what the others have. */
  get isReady(): boolean {
    return this.state?.isReady ?? false;
  }

  /** Whether another process goes on as this node, which has all that is known here, `graceMs` says. */
  async stop(graceMs?: number): Promise<void> {
    const stays = graceMs !== undefined;
    await this.#thread.stop(() => this.#post({ kind: 'end', stays, withinMs: graceMs ?? leaveWithinMs }));
    if (!stays || this.state?.position === undefined) return;
    // Where something is left untold the other process compares.
    if (this.state.isReady && this.state.waitingBytes === 0) this.#file?.handOver(this.state.position);
  }

  /** Once the last snapshot is saved. */
  noteSavedLast(): void {
    if (this.state?.position !== undefined) this.#file?.noteEnd(this.state.position);
  }

  #afterLists(next: () => Promise<void> | void): void {
    this.#listsApplied = this.#listsApplied.then(next);
  }

  #keepLists(record: string): void {
    try {
      this.#listFile?.write(record);
    } catch (error) {
      this.#parts.log.warn(
        `cluster: what is refused cannot be kept, and is asked for anew after a restart: ${(error as Error).message}`,
      );
    }
  }

  #post(order: ClusterOrder): void {
    this.#thread.post(order);
  }

  #hear(message: ClusterMessage): void {
    if (message.kind === 'log') this.#parts.log[message.level](message.message);
    else if (message.kind === 'lists') this.#afterLists(() => this.#applyLists(message.said));
    else if (message.kind === 'keepLists') this.#afterLists(() => this.#keepLists(message.record));
    else if (message.kind === 'begun') this.#begun?.();
    else if (message.kind === 'keys') {
      this.#keys = message.keys;
      this.#keysKnown?.();
      this.#takeKeys(message.keys);
    } else {
      this.state = message.state;
      const { snapshots } = this.#parts;
      if (message.state.position === undefined || snapshots === undefined) return;
      this.#file?.pass(message.state.position, Date.now());
      this.#file?.noteSaved(snapshots.figures.savedAt, snapshots.figures.durationMs);
    }
  }
}
