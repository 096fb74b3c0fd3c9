// A tracker whose listeners are open: what runs beside them, begun in order and ended in reverse, and what may be asked of it.
import { applyListNews } from './cluster/apply-list-news.ts';
import type { ClusterLink } from './cluster/cluster-link.ts';
import type { Core } from './core.ts';
import type { Listeners } from './listening/listeners.ts';
import { formatListening, type ListeningAddress, listeningAddressOf } from './listening/listening-address.ts';
import { type OpenAdmin, openAdmin } from './operators/admin.ts';
import { listInForce, Reload, type SettingsSource } from './reload/reload.ts';
import type { OwnedSocket } from './takeover/conversation.ts';
import type { Succeeded, Takeover } from './takeover/takeover.ts';
import type { Succession } from './takeover/takeover-door.ts';
import { type Part, Parts } from './upkeep/parts.ts';
import { accessUpkeep, createUpkeep } from './upkeep/upkeep.ts';

/** For answers in flight when another tracker waits to go on; a client that is cut off asks again. */
const takeoverGraceMs = 100;
/** Longer than a request may take (8 s); then the swarms are saved, whoever is not done. */
const usualStopMs = 10_000;

export interface RunOptions {
  statsEveryMs?: number | undefined;
  /** Told the line that the log gets. */
  onStats?: (line: string) => void;
  /** Where the options are read from, and are read again by a reload. */
  settings?: SettingsSource;
  /** Told, again and again, that it still ends: what is saved may take its time. */
  onEnding?: () => void;
}

export class RunningTracker {
  readonly addresses: readonly ListeningAddress[];
  readonly #core: Core;
  readonly #takeover: Takeover;
  readonly #listeners: Listeners;
  /** Undefined where this machine is alone. */
  readonly #cluster: ClusterLink | undefined;
  readonly #parts = new Parts();
  #admin: OpenAdmin | undefined;
  #reload: Reload | undefined;
  #uncaughtExceptions = 0;
  #onEnding: (() => void) | undefined;
  #saved: Promise<string | undefined> | undefined;

  constructor(core: Core, takeover: Takeover, listeners: Listeners, cluster?: ClusterLink) {
    this.#cluster = cluster;
    this.#core = core;
    this.#takeover = takeover;
    this.#listeners = listeners;
    this.addresses = listeners.all.map(listeningAddressOf);
  }

  /** Starts each part when the one before it has started; when one fails, ends all of them, the listeners too. */
  async start({ statsEveryMs = 60_000, onStats, settings, onEnding }: RunOptions): Promise<void> {
    this.#onEnding = onEnding;
    const { configuration, log, snapshots } = this.#core;
    const listeners = this.#listeners;
    const reload = new Reload({ core: this.#core, listeners, admin: () => this.#admin, settings });
    this.#reload = reload;
    await this.#parts.start(
      this.#clusterPart(),
      { stop: (graceMs) => listeners.close(graceMs) },
      this.#adminPart(settings, reload),
      accessUpkeep({ ...this.#core, listeners }),
    );
    // From here on what changes in a list is told to all threads.
    this.#followLists();
    for (const address of this.addresses) log.info(formatListening(address, configuration));
    await this.#parts.start(...createUpkeep({ ...this.#core, listeners, statsEveryMs, onStats }), {
      start: () => this.#takeover.complete(),
      stop: () => {},
    });
    await this.#takeover.open(this.#forSuccessor());
    // What the other tracker did not save any more.
    if (this.tookOver) void snapshots?.save();
  }

  /** For who asks without a socket: the rules and peers that all transports answer by, and what they have counted. */
  get inside(): Pick<Core, 'store' | 'tracker'> & Pick<Listeners, 'counts' | 'guests'> {
    const { store, tracker } = this.#core;
    const { guests } = this.#listeners;
    return { store, tracker, guests, counts: () => this.#listeners.counts() };
  }

  /** Where the admin door listens over TCP; 0 when it does not. */
  get adminPort(): number {
    return this.#admin?.port ?? 0;
  }

  /** Resolves when another tracker has taken this one's place, or broke off when this one had stopped and saved. */
  get succeeded(): Promise<Succession> | undefined {
    return this.#takeover.left?.then(async (succession) => {
      // Nothing is lost then, whatever comes next.
      if (succession.kind === 'broken') await this.#saveLast();
      return succession;
    });
  }

  /** Whether it has stopped answering for another tracker, which does not serve yet. */
  get isLeaving(): boolean {
    return this.#takeover.isLeaving;
  }

  /** Whether it has taken another tracker's place. */
  get tookOver(): boolean {
    return this.#takeover.takesPlace;
  }

  /** Those that are open now. */
  sockets(): OwnedSocket[] {
    return this.#listeners.all.flatMap(({ planned: { protocol }, descriptors }) =>
      descriptors().map((descriptor) => ({ protocol, descriptor })),
    );
  }

  /** Logs and counts an exception that nothing else caught, as in a timer; the tracker lives on. */
  uncaught(error: unknown): void {
    this.#uncaughtExceptions++;
    this.#core.failed(error);
  }

  /**
   * Reads settings, certificates and lists again; resolves to what is in force now, a line each.
   * @throws Error with what is not
   */
  async reload(): Promise<string> {
    return (await this.#reload?.now()) ?? '';
  }

  /** Whether every part that works on its own has shown a sign of life since it was last asked. */
  isWell(): boolean {
    return this.#listeners.isWell();
  }

  /**
   * Stops accepting, lets requests in flight finish, ends the background work, and saves. However any of that fails, the rest
   * is done.
   * @returns why something is lost that was acknowledged; `undefined` when nothing is
   */
  async close(): Promise<string | undefined> {
    this.#takeover.end();
    await this.#stopParts();
    // After the last answer, so that the file holds every announce that was acknowledged.
    const fault = await this.#saveLast();
    // Who knocks now finds nobody, and everything saved.
    this.#takeover.close();
    return fault;
  }

  async #stopParts(): Promise<void> {
    const { log, failed } = this.#core;
    let late: NodeJS.Timeout | undefined;
    const isLate = new Promise<void>((resolve) => {
      late = setTimeout(() => {
        log.warn('some requests did not end in time');
        resolve();
      }, usualStopMs);
    });
    await Promise.race([this.#parts.stop().catch(failed), isLate]);
    clearTimeout(late);
  }

  #followLists(): void {
    const { store, access, log } = this.#core;
    this.#cluster?.followLists((said) =>
      applyListNews(said, { store, access, log, reload: () => this.reload() }),
    );
  }

  /** Ends after the listeners, so that the last announces are told. */
  #clusterPart(): Part {
    const cluster = this.#cluster;
    return {
      start: () => cluster?.followKeys((keys) => this.#listeners.shareKeys(keys)),
      stop: (graceMs) => cluster?.stop(graceMs),
    };
  }

  #adminPart(settings: SettingsSource | undefined, reload: Reload): Part {
    const { log, failed } = this.#core;
    const observed = {
      ...this.#core,
      ...{ listeners: this.#listeners, addresses: this.addresses },
      configuration: () => listInForce(settings),
      reload: () => reload.now(),
      uncaughtExceptions: () => this.#uncaughtExceptions,
      cluster: this.#cluster,
    };
    return {
      start: async () => {
        this.#admin = await openAdmin(this.#core.configuration, observed, log, failed);
      },
      stop: () => this.#admin?.close(),
    };
  }

  /** What it does for the one that takes its place. */
  #forSuccessor(): Succeeded {
    const { store, failed, snapshots } = this.#core;
    return {
      ...{ store, failed },
      sockets: () => this.sockets(),
      filters: () => this.#listeners.filters(),
      pause: async () => {
        await Promise.all([snapshots?.stop(), this.#admin?.saveHistory()]);
      },
      resume: () => snapshots?.resume(),
      stop: () => this.#parts.stop(takeoverGraceMs),
    };
  }

  #saveLast(): Promise<string | undefined> {
    this.#saved ??= this.#closeSnapshots();
    return this.#saved;
  }

  async #closeSnapshots(): Promise<string | undefined> {
    const fault = await this.#core.snapshots?.close(this.#onEnding);
    if (fault === undefined) this.#cluster?.noteSavedLast();
    return fault;
  }
}
