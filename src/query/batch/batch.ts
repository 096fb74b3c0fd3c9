// Knows how to query many trackers at once: who is asked when, and in which order the results come out.
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from '../../cli/usage-error.ts';
import { type Query, queryTracker, type Result } from '../asking/query.ts';
import { warmUpAll } from '../asking/warm-up.ts';
import type { Settings } from '../command/settings.ts';
import { parseTrackerUrl, scrapeUrlOf, type TrackerUrl } from '../network/tracker-url.ts';

export interface BatchEvents {
  /** `index` counts from 0 in the order of the list. */
  started(index: number, url: string): void;
  /** In the order in which they end. */
  finished(index: number, result: Result): void;
}

export interface BatchOptions {
  settings: Settings;
  jobs: number;
  delayMs: number;
  interrupt: AbortSignal;
}

/** What an interrupted batch still gives clean-ups that are under way. */
const lastCleanUpsMs = 2000;

/**
 * Queries every URL of the list, at most `jobs` at once and with `delayMs` between two starts. Ctrl-C ends it: queries
 * under way are given up and count for nothing. Resolves when every clean-up is done too.
 */
export async function runQueries(
  urls: AsyncIterable<string> | Iterable<string>,
  { settings, jobs, delayMs, interrupt }: BatchOptions,
  events: BatchEvents,
): Promise<void> {
  // Before the first start, from which the others keep their distance.
  await warmUpAll();
  const running = new Set<Promise<void>>();
  let index = 0;
  let nextStartMs = 0;
  for await (const url of untilAborted(urls, interrupt)) {
    while (running.size >= jobs) await Promise.race(running);
    await pauseUntil(nextStartMs, interrupt);
    if (interrupt.aborted) break;
    nextStartMs = performance.now() + delayMs;
    const position = index++;
    events.started(position, url);
    const job = queryOne(url, settings, interrupt).then(async ({ result, cleanUp }) => {
      if (interrupt.aborted && result.error !== undefined) return;
      events.finished(position, result);
      await cleanUp();
    });
    const settled = job.finally(() => running.delete(settled));
    running.add(settled);
  }
  const all = Promise.all(running);
  if (interrupt.aborted) await Promise.race([all, pause(lastCleanUpsMs)]);
  else await Promise.race([all, afterAbort(interrupt)]);
}

async function queryOne(text: string, settings: Settings, interrupt: AbortSignal): Promise<Query> {
  let url: TrackerUrl;
  try {
    url = parseTrackerUrl(text);
    if (settings.torrents.length === 0 && url.scheme === 'udp')
      throw new UsageError('UDP has no full scrape');
    if (settings.kind === 'scrape' && !scrapeUrlOf(url))
      throw new UsageError('the URL has no scrape form (BEP 48)');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { result: unusable(text, error.message, settings), cleanUp: async () => {} };
  }
  return await queryTracker(url, settings, interrupt);
}

function unusable(tracker: string, error: string, settings: Settings): Result {
  const loss = { unit: 'request', sent: 0, lost: 0 } as const;
  const failed = { tracker, responseTimeMs: null, steps: [], loss, error, permanent: true };
  if (settings.kind === 'announce') {
    return { ...failed, numwant: settings.numwant, address: null, redirects: [], answer: undefined };
  }
  return {
    ...failed,
    scrapeUrl: '',
    failureReason: null,
    minRequestInterval: null,
    torrentCount: 0,
    torrents: [],
    compliance: [],
    answered: false,
  };
}

async function pauseUntil(timeMs: number, signal: AbortSignal): Promise<void> {
  const ms = timeMs - performance.now();
  if (ms > 0) await pause(ms, undefined, { signal }).catch(() => {});
}

/** Resolves a little after the signal, never before. */
function afterAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => setTimeout(resolve, lastCleanUpsMs).unref(), { once: true });
  });
}

/** The items until the signal aborts, even while the source (a terminal, a slow pipe) has nothing to give. */
async function* untilAborted<T>(
  items: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  while (!signal.aborted) {
    const next = await Promise.race([Promise.resolve(iterator.next()), aborted]);
    if (!next || next.done) return;
    yield next.value;
  }
}

/** Gives results on in the order of the list, each as soon as all before it are there. */
export class InOrder<T> {
  readonly #emit: (item: T) => void;
  readonly #waiting = new Map<number, T>();
  #next = 0;

  constructor(emit: (item: T) => void) {
    this.#emit = emit;
  }

  add(index: number, item: T): void {
    this.#waiting.set(index, item);
    for (let ready = this.#take(); ready !== undefined; ready = this.#take()) this.#emit(ready);
  }

  /** Gives on what is left behind gaps, after an interrupt. */
  flush(): void {
    for (const [, item] of [...this.#waiting].sort(([a], [b]) => a - b)) this.#emit(item);
    this.#waiting.clear();
  }

  #take(): T | undefined {
    const item = this.#waiting.get(this.#next);
    if (item === undefined) return undefined;
    this.#waiting.delete(this.#next++);
    return item;
  }
}
