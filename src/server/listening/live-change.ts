// How a thread that answers takes up what a reload changes, and what it is started again with.
import type { ProtectionMemory } from '../../tracker/protection.ts';
import type { Tracker, TrackerSettings } from '../../tracker/tracker.ts';
import type { LiveChange, PublicNames, RequestLog } from '../../transport/live-change.ts';
import type { HandshakeRules } from '../../transport/webtorrent/handshakes.ts';
import { logRequests, type RequestLines } from './request-log.ts';

/** What a thread answers by, and is started again with. */
export interface Changeable {
  settings: TrackerSettings;
  protection: ProtectionMemory;
  requestLog: RequestLog;
}

/** The same with the change. */
export function changed<T extends Changeable>(
  data: T,
  { settings, access, rates, requestLog }: LiveChange,
): T {
  return {
    ...data,
    settings: settings ?? data.settings,
    protection: { ...data.protection, ...rates, access: access ?? data.protection.access },
    requestLog: requestLog ?? data.requestLog,
  };
}

/** The parts of one thread that a change reaches. */
export class LiveParts {
  readonly #tracker: Tracker;
  readonly #lines: RequestLines;
  /** Read whenever a page or a redirect is written. */
  readonly #names: PublicNames | undefined;
  readonly #rules: HandshakeRules | undefined;
  #silence: (() => void) | undefined;

  constructor(
    tracker: Tracker,
    lines: RequestLines,
    requestLog: RequestLog,
    { names, rules }: { names?: PublicNames | undefined; rules?: HandshakeRules | undefined } = {},
  ) {
    this.#tracker = tracker;
    this.#lines = lines;
    this.#names = names;
    this.#rules = rules;
    this.#setRequestLog(requestLog);
  }

  takeUp({ access, settings, rates, names, origins, requestLog }: LiveChange): void {
    const { protection } = this.#tracker;
    if (access) protection.setAccess(access);
    if (settings) this.#tracker.changeSettings(settings);
    if (rates) protection.setRates(rates);
    if (names && this.#names) Object.assign(this.#names, names);
    if (origins && this.#rules) Object.assign(this.#rules, origins);
    if (requestLog) this.#setRequestLog(requestLog);
  }

  #setRequestLog({ verbose, logIp }: RequestLog): void {
    this.#silence?.();
    this.#silence = verbose ? logRequests(this.#tracker, this.#lines, logIp) : undefined;
  }
}
