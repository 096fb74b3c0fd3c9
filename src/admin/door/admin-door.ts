// The admin door as a whole: what observes the tracker, and the servers through which that is seen.

import { rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { History } from '../measures/history.ts';
import { readHistory, writeHistory } from '../measures/history-file.ts';
import { createMetrics } from '../measures/metrics.ts';
import { Monitor } from '../measures/monitor.ts';
import { hasCaughtUp, Readiness } from '../measures/readiness.ts';
import { Survey } from '../measures/survey.ts';
import type { AdminLog, ObservedTracker, StoreTotals } from '../observed-tracker.ts';
import type { IpVisibility } from '../shown-address.ts';
import { AccessRules } from './access.ts';
import { type AdminServerOptions, createAdminServer } from './admin-server.ts';
import { Api } from './api.ts';
import { Assets } from './assets.ts';
import { EventStreams } from './event-streams.ts';
import { describeRoutes } from './openapi.ts';
import { WorkGate } from './work-gate.ts';

export interface AdminDoorOptions {
  tracker: ObservedTracker;
  /** Where it listens over TCP; port 0 takes any free one. Undefined: not at all. */
  tcp: { host: string; port: number } | undefined;
  /** Path of the UNIX socket. Undefined: none. */
  socketPath: string | undefined;
  token: string | undefined;
  /** Nothing but the page itself without the token: for a door that is reached from outside. */
  tokenRequired: boolean;
  /** Names by which it may be called, besides its own addresses and localhost. */
  hosts: readonly string[];
  ipVisibility: IpVisibility;
  /** Where the history outlives a restart. */
  historyPath: string | undefined;
  log: AdminLog;
  onException: (error: unknown) => void;
}

const saveEveryMs = 300_000;

export class AdminDoor {
  readonly #options: AdminDoorOptions;
  readonly #history = new History();
  readonly #readiness: Readiness;
  readonly #survey: Survey;
  readonly #monitor: Monitor;
  readonly #streams: EventStreams;
  readonly #serverOptions: AdminServerOptions;
  readonly #servers: Server[] = [];
  #saving: NodeJS.Timeout | undefined;
  #saved = Promise.resolve();
  #port = 0;

  private constructor(options: AdminDoorOptions) {
    const { tracker, log, ipVisibility, onException } = options;
    const now = Date.now;
    this.#options = options;
    this.#readiness = new Readiness(tracker.listeners, log, now);
    this.#survey = new Survey({
      walk: tracker.walk(),
      slice: tracker.createSlice(),
      totals: () => sumTotals(tracker.totals()),
      now,
      onException,
    });
    this.#monitor = new Monitor({
      tracker,
      history: this.#history,
      readiness: this.#readiness,
      survey: this.#survey,
      now,
      onException,
    });
    this.#streams = new EventStreams(this.#monitor);
    const registry = createMetrics(tracker, () => this.#readiness.ready && hasCaughtUp(tracker), now);
    this.#serverOptions = {
      api: new Api({
        tracker,
        monitor: this.#monitor,
        history: this.#history,
        survey: this.#survey,
        metrics: () => registry.metrics(),
        describe: () => describeRoutes(tracker.version),
        ipVisibility,
        log,
        now,
      }),
      access: new AccessRules({
        token: options.token,
        tokenRequired: options.tokenRequired,
        hosts: options.hosts,
        clock: () => performance.now(),
      }),
      assets: new Assets(),
      streams: this.#streams,
      gate: new WorkGate(() => performance.now()),
      ipVisibility,
      log,
      onException,
    };
  }

  /** Lets in by another token and other names from now on. */
  changeAccess(access: Pick<AdminDoorOptions, 'token' | 'hosts'>): void {
    this.#serverOptions.access.change(access);
  }

  /** Opens the door and begins to observe; rejects with the operating system's error when it cannot be opened. */
  static async listen(options: AdminDoorOptions): Promise<AdminDoor> {
    const door = new AdminDoor(options);
    try {
      await door.#open();
    } catch (error) {
      await door.#closeServers();
      throw error;
    }
    await door.#restoreHistory();
    door.#survey.start();
    door.#monitor.start();
    void door.#readiness.start();
    if (options.historyPath !== undefined) {
      door.#saving = setInterval(() => void door.saveHistory(), saveEveryMs).unref();
    }
    return door;
  }

  /** Over TCP; 0 when it does not listen there. */
  get port(): number {
    return this.#port;
  }

  /** Saves the history and lets nobody in any more. */
  async close(): Promise<void> {
    clearInterval(this.#saving);
    this.#readiness.stop();
    this.#survey.stop();
    this.#monitor.stop();
    this.#streams.close();
    await Promise.all([this.saveHistory(), this.#closeServers()]);
  }

  /** Never rejects: a failure is logged. */
  saveHistory(): Promise<void> {
    // One after another: they write to the same file beside the old one.
    this.#saved = this.#saved.then(() => this.#writeHistory());
    return this.#saved;
  }

  async #writeHistory(): Promise<void> {
    const { historyPath, log } = this.#options;
    if (historyPath === undefined) return;
    try {
      await writeHistory(historyPath, this.#history);
    } catch (error) {
      log.warn(`history not saved: ${(error as Error).message}`, { file: historyPath });
    }
  }

  async #open(): Promise<void> {
    const { tcp, socketPath } = this.#options;
    if (tcp !== undefined) {
      const server = createAdminServer(this.#serverOptions, false);
      await this.#listen(server, { host: tcp.host, port: tcp.port });
      const address = server.address();
      this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    }
    if (socketPath !== undefined) {
      await removeStaleSocket(socketPath);
      // Made with no right for anybody else from its first moment on.
      const before = process.umask(0o177);
      try {
        await this.#listen(createAdminServer(this.#serverOptions, true), { path: socketPath });
      } finally {
        process.umask(before);
      }
    }
  }

  async #listen(server: Server, where: { host: string; port: number } | { path: string }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', this.#options.onException);
    this.#servers.push(server);
  }

  async #closeServers(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  async #restoreHistory(): Promise<void> {
    const { historyPath, log } = this.#options;
    if (historyPath === undefined) return;
    try {
      await readHistory(historyPath, this.#history);
    } catch (error) {
      log.warn(`history not read: ${(error as Error).message}`, { file: historyPath });
    }
  }
}

function sumTotals(totals: StoreTotals) {
  const { leechers4, seeders4, leechers6, seeders6, connectionLeechers, connectionSeeders } = totals;
  return {
    swarms: totals.swarms + totals.connectionSwarms,
    peers: leechers4 + seeders4 + leechers6 + seeders6 + connectionLeechers + connectionSeeders,
  };
}

/**
 * A socket that a killed process left behind is taken away; one that somebody still listens on is not.
 * @throws Error with code EADDRINUSE then
 */
async function removeStaleSocket(path: string): Promise<void> {
  // A pipe of Windows is gone with whoever made it, and is no file to look at.
  if (path.startsWith('\\\\')) return;
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (alive) throw Object.assign(new Error('somebody else listens there'), { code: 'EADDRINUSE' });
  rmSync(path);
}
