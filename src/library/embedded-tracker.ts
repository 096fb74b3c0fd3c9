// A tracker within a program: its life between listen and close, and the doors that it has besides its listeners.
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { turnAway, turnUpgradeAway } from '../server/listening/guests.ts';
import type { ListeningAddress } from '../server/listening/listening-address.ts';
import type { Log } from '../server/log/log.ts';
import type { RunningTracker } from '../server/running-tracker.ts';
import { StartError } from '../server/start-error.ts';
import { startTrackerServer } from '../server/tracker-server.ts';
import type { Tracker as AnsweringTracker } from '../tracker/tracker.ts';
import { raiseAnnounceEvents } from './announce-events.ts';
import { FilterFault } from './announce-filter.ts';
import { announceUrlsAt } from './announce-urls.ts';
import { checkEventName } from './event-names.ts';
import { putFilterBefore } from './filter-gate.ts';
import { createLogFor } from './log-events.ts';
import { announceTo, scrapeOf, statsOf, swarmOf } from './questions.ts';
import { inNamesHere, type ReadOptions } from './read-options.ts';
import type {
  AnnounceAnswer,
  AnnounceQuestion,
  HandleOptions,
  InfoHash,
  ScrapedTorrent,
  Swarm,
  Tracker,
  TrackerAddress,
  TrackerEvents,
  TrackerStats,
} from './tracker.ts';
import type { LogLine } from './tracker-options.ts';

export class EmbeddedTracker implements Tracker {
  readonly #options: ReadOptions;
  readonly #log: Log;
  readonly #events = new EventEmitter();
  #opening: Promise<RunningTracker> | undefined;
  #running: RunningTracker | undefined;
  #closing: Promise<void> | undefined;
  #endFilter = () => {};

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#log = createLogFor((line) => this.#hear(line), options.configuration.verbose);
  }

  async listen(): Promise<readonly TrackerAddress[]> {
    if (this.#closing !== undefined) throw new Error('the tracker is closed');
    this.#opening ??= this.#open();
    await this.#opening;
    return this.addresses;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get addresses(): readonly TrackerAddress[] {
    return (this.#running?.addresses ?? []).map(addressOf);
  }

  get announceUrls(): readonly string[] {
    return announceUrlsAt(this.#running?.addresses ?? [], this.#options.configuration);
  }

  async announce(question: AnnounceQuestion): Promise<AnnounceAnswer> {
    return await announceTo(this.#inside, question);
  }

  scrape(infoHashes: readonly InfoHash[]): ScrapedTorrent[] {
    return scrapeOf(this.#inside, infoHashes);
  }

  swarm(infoHash: InfoHash): Swarm | undefined {
    return swarmOf(this.#inside, infoHash);
  }

  stats(): TrackerStats {
    return statsOf(this.#inside);
  }

  handleHttp(
    request: IncomingMessage,
    response: ServerResponse,
    options: HandleOptions & { action?: 'announce' | 'scrape' } = {},
  ): boolean {
    const guests = this.#running?.inside.guests;
    return guests?.answer(request, response, options) ?? turnAway(request, response, options);
  }

  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    options: HandleOptions = {},
  ): boolean {
    if (!(socket instanceof Socket))
      throw new TypeError('handleUpgrade takes a socket of node:net or node:tls');
    const guests = this.#running?.inside.guests;
    return guests?.upgrade(request, socket, head, options) ?? turnUpgradeAway(request, socket);
  }

  on<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this {
    checkEventName(event);
    this.#events.on(event, listener as (...given: unknown[]) => void);
    return this;
  }

  once<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this {
    checkEventName(event);
    this.#events.once(event, listener as (...given: unknown[]) => void);
    return this;
  }

  off<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this {
    this.#events.off(event, listener as (...given: unknown[]) => void);
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<RunningTracker> {
    try {
      this.#running = await startTrackerServer(this.#options.configuration, this.#log, {
        embedding: { prepare: (tracker) => this.#prepare(tracker) },
      });
    } catch (error) {
      this.#opening = undefined;
      this.#endFilter();
      throw error instanceof StartError
        ? new Error(inNamesHere(error.message), { cause: error.cause })
        : error;
    }
    for (const warning of this.#options.warnings) this.#log.warn(warning);
    this.#emit('listening', this.addresses);
    return this.#running;
  }

  #prepare(tracker: AnsweringTracker): void {
    const { filter, filterTtl } = this.#options;
    if (filter !== undefined)
      this.#endFilter = putFilterBefore(tracker, filter, filterTtl, (error) => this.#failed('filter', error));
    raiseAnnounceEvents(tracker, {
      isHeard: (name) => this.#events.listenerCount(name) > 0,
      raise: (name, event) => this.#emit(name, event),
    });
  }

  async #close(): Promise<void> {
    // One that does not open has left nothing to close, and whoever opened it hears why.
    await this.#opening?.catch(() => {});
    await this.#running?.close();
    this.#endFilter();
    this.#running = undefined;
    this.#log.close();
    this.#emit('close');
  }

  get #inside(): RunningTracker['inside'] {
    if (this.#running !== undefined) return this.#running.inside;
    throw new Error(
      this.#closing ? 'the tracker is closed' : 'the tracker does not listen yet: await listen()',
    );
  }

  #hear(line: LogLine): void {
    this.#options.log?.(line);
    if (line.level === 'warn' || line.level === 'error') this.#emit('warning', line);
  }

  /** What a program's own function throws must not keep a client from its answer. */
  #emit<E extends keyof TrackerEvents>(event: E, ...given: TrackerEvents[E]): void {
    try {
      this.#events.emit(event, ...given);
    } catch (error) {
      // Whoever throws at a warning would be told of it for ever.
      if (event !== 'warning') this.#failed(`a listener of '${event}'`, error);
    }
  }

  #failed(who: string, error: unknown): void {
    const { message } = error instanceof Error ? error : new Error(String(error));
    this.#log.warn(error instanceof FilterFault ? error.did : `${who} has thrown`, { error: message });
  }
}

function addressOf({ protocol, family, address, port }: ListeningAddress): TrackerAddress {
  return { protocol, family, address, port };
}
