// The life of one tracker process: it starts, runs, reloads, gives its place away or takes it again, and ends.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InheritedListener } from '../listening/listen-plan.ts';
import { describeListening } from '../listening/listening-address.ts';
import type { PassedSockets } from '../listening/passed-sockets.ts';
import type { Log } from '../log/log.ts';
import type { ServiceManager } from '../operators/service-manager.ts';
import { configurationOf } from '../options/configuration.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import type { RunningTracker } from '../running-tracker.ts';
import { endAsked, PredecessorEnded } from '../takeover/predecessor.ts';
import { startSuccessor } from '../takeover/successor.ts';
import type { Succession } from '../takeover/takeover-door.ts';
import { startTrackerServer } from '../tracker-server.ts';
import { version } from '../version.ts';
import type { HeardSignal } from './early-signals.ts';
import { meaningOf, type Phase, signalRules } from './signal-rules.ts';

/** Ctrl-C under npm reaches the tracker twice at once; only a person who presses it again means it. */
const sameSignalMs = 500;

export interface LifeOptions {
  /** As they are in force: a reload changes them in place. */
  resolved: ResolvedConfiguration;
  /** @throws UsageError */
  readAgain: () => ResolvedConfiguration;
  /** What systemd has opened. */
  inherited: readonly InheritedListener[];
  log: Log;
  serviceManager: ServiceManager;
  /** Whether a terminal that it was started on is gone. */
  terminalGone: () => boolean;
  /** Ends the process, once the log is written. */
  exit: (code: number) => never;
}

export class Life {
  readonly #options: LifeOptions;
  #server: RunningTracker | undefined;
  #started = false;
  #ending = false;
  /** When the signal came that ends the tracker. */
  #endAskedAt = Number.POSITIVE_INFINITY;
  #later: HeardSignal[] = [];

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the tracker runs.
   * @param warnings said once it does: a tracker that cannot start says that, and nothing else
   * @throws StartError when it cannot
   */
  async begin(warnings: readonly string[]): Promise<void> {
    const { log, serviceManager, resolved } = this.#options;
    const server = await this.#startFirst(configurationOf(resolved.values).takeover);
    // Only now: a mistake in starting up must end the process, one in a request must not.
    process.on('uncaughtException', (error) => this.#server!.uncaught(error));
    log.info(`tracker-server ${version} on Node.js ${process.versions.node}`);
    for (const warning of warnings) log.warn(warning);
    log.info('Tracker running. Press Ctrl-C to stop.');
    serviceManager.ready(describeListening(server.addresses), server.tookOver ? process.pid : undefined);
    serviceManager.startWatchdog(() => this.#server!.isWell());
    this.#runs();
  }

  hear(heard: HeardSignal): void {
    const { log, exit, terminalGone } = this.#options;
    const signal = meaningOf(heard, terminalGone);
    switch (signalRules[signal][this.#phase]) {
      case 'end':
        this.#endAskedAt = performance.now();
        void this.#end();
        break;
      case 'insist':
        if (performance.now() - this.#endAskedAt > sameSignalMs) exit(1);
        break;
      case 'reload':
        void this.#reload();
        break;
      case 'succeed':
        this.#succeed();
        break;
      case 'later':
        this.#hearLater(signal);
        break;
      case 'nothing':
        log.info(`${signal} changes nothing now.`);
        break;
    }
  }

  get #phase(): Phase {
    if (this.#ending) return 'ending';
    if (!this.#started) return 'starting';
    return this.#server!.isLeaving ? 'leaving' : 'running';
  }

  /** Whatever becomes of a tracker whose place it was to take: somebody serves, unless this process is told to end. */
  async #startFirst(takeover: boolean): Promise<RunningTracker> {
    const { log, exit } = this.#options;
    try {
      return await this.#start(takeover);
    } catch (error) {
      if (error === endAsked) {
        log.info(endAsked.message);
        return exit(0);
      }
      if (!(error instanceof PredecessorEnded)) throw error;
      // Signals that came while the thread was blocked are heard now.
      await nextTurn();
      await nextTurn();
      if (this.#isToEnd) return exit(0);
      log.warn(`${error.message}; this one starts with what was saved`);
      return await this.#start(false, error.sockets);
    }
  }

  get #isToEnd(): boolean {
    return this.#endAskedAt !== Number.POSITIVE_INFINITY;
  }

  /** @param kept this process's own sockets, where it takes its place again */
  async #start(takeover: boolean, kept?: PassedSockets): Promise<RunningTracker> {
    const { resolved, inherited, log, serviceManager } = this.#options;
    const server = await startTrackerServer({ ...configurationOf(resolved.values), takeover }, log, {
      inherited: kept === undefined ? inherited : [],
      kept,
      isToEnd: () => this.#isToEnd,
      settings: { inForce: resolved, read: this.#options.readAgain },
      // What `systemctl status` shows.
      onStats: (line) => serviceManager.status(line),
      onEnding: () => serviceManager.stillStopping(),
    });
    this.#server = server;
    void server.succeeded?.then((succession) => this.#makeWay(succession));
    return server;
  }

  #runs(): void {
    this.#started = true;
    for (const signal of this.#later.splice(0)) this.hear(signal);
  }

  /** Who wants the tracker to end twice while it starts does not want to wait until it has. */
  #hearLater(signal: HeardSignal): void {
    const ends = signalRules[signal].running === 'end';
    if (ends && performance.now() - this.#endAskedAt > sameSignalMs) this.#options.exit(1);
    if (ends && this.#isToEnd) return;
    if (ends) this.#endAskedAt = performance.now();
    // Nothing else is worth doing before the end.
    if (ends) this.#later = [signal];
    else if (!this.#later.includes(signal)) this.#later.push(signal);
  }

  async #end(): Promise<void> {
    const { log, serviceManager, exit } = this.#options;
    this.#ending = true;
    log.info('Shutting down.');
    serviceManager.stopping();
    const fault = await this.#server!.close();
    exit(fault === undefined ? 0 : 1);
  }

  async #reload(): Promise<void> {
    const { serviceManager } = this.#options;
    serviceManager.reloading();
    // What is not in force is in the log.
    await this.#server!.reload().catch(() => {});
    if (this.#phase === 'running') serviceManager.ready(describeListening(this.#server!.addresses));
  }

  #succeed(): void {
    const { resolved, inherited, log } = this.#options;
    if (resolved.values['data-dir'] === undefined)
      log.warn('SIGUSR2: without --data-dir nothing can be taken over.');
    else
      startSuccessor(inherited.length > 0 ? this.#server!.sockets() : [], (reason) =>
        log.error(`the new tracker did not take over: ${reason}`),
      );
  }

  async #makeWay(succession: Succession): Promise<void> {
    const { log, serviceManager, exit } = this.#options;
    if (succession.kind === 'serving') {
      serviceManager.succeededBy(succession.pid);
      log.info('Another tracker serves now.');
      exit(0);
      return;
    }
    // Asked to end before that, it does.
    if (this.#ending) return;
    this.#started = false;
    if (this.#isToEnd) {
      log.warn('the tracker that was to take over did not begin to serve');
      await this.#end();
      return;
    }
    log.error('the tracker that was to take over did not begin to serve; this one serves again');
    try {
      await this.#start(false, succession.sockets);
    } catch (error) {
      log.error(`it cannot: ${(error as Error).message}`);
      exit(1);
    }
    this.#runs();
  }
}
