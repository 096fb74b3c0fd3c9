// Knows which options mean what together: raw option values become checked settings, or a UsageError that names the option.
import { stat } from 'node:fs/promises';
import { UsageError } from '../../cli/usage-error.ts';
import type { EventName } from '../asking/announce-question.ts';
import type { QuerySettings } from '../asking/query.ts';
import type { Torrent } from '../asking/torrent.ts';
import { bothFamilies, type Families } from '../network/name-lookup.ts';
import { parseTrackerUrl, scrapeUrlOf, type TrackerUrl } from '../network/tracker-url.ts';
import type { RawOptions } from './command-line.ts';
import { createRandomTorrent, readTorrent } from './input-hash.ts';
import { options as optionTable } from './options.ts';

export type Format = 'table' | 'json' | 'jsonl' | 'csv';

/** What every query of a run has in common, and how its results are shown. */
export interface Settings extends QuerySettings {
  format: Format;
  showPeers: boolean;
  nocolor: boolean;
}

/** How often and of whom it is asked. */
export type Plan =
  | { mode: 'single'; tracker: TrackerUrl; settings: Settings; attempts: number }
  | { mode: 'watch'; tracker: TrackerUrl; settings: Settings; seconds: number }
  | { mode: 'batch'; source: BatchSource; settings: Settings; jobs: number; delayMs: number };

/** A file's name (`-` is standard input), or the trackers that a magnet link or torrent brought. */
export type BatchSource = { file: string } | { urls: readonly string[] };

/** Checks the options of a query and reads the torrents they name. Throws a UsageError; nothing has been sent then. */
export async function createPlan(options: RawOptions): Promise<Plan> {
  const batch = options.batch === true || options.file !== undefined;
  refuseContradictions(options, batch);
  const tracker = typeof options.tracker === 'string' ? parseTrackerUrl(options.tracker) : undefined;
  const settings = await createSettings(options);
  const jobs = wholeNumber(options, 'jobs', 1, 1000);
  const delayMs = seconds(options, 'delay', 0, 86_400) * 1000;
  if (batch) {
    const file = text(options, 'file');
    await requireReadable(file);
    return { mode: 'batch', source: { file }, settings, jobs, delayMs };
  }
  const own = settings.torrents.flatMap(({ trackers }) => trackers);
  if (!tracker && own.length > 1 && options.retry === undefined && options.watch === undefined) {
    return { mode: 'batch', source: { urls: own }, settings, jobs, delayMs };
  }
  if (!tracker && own.length === 0) {
    throw new UsageError('no tracker: give its announce URL with -t, or a list with -b (see --help)');
  }
  const url = tracker ?? parseTrackerUrl(own[0]);
  if (settings.kind === 'scrape' && !scrapeUrlOf(url)) {
    throw new UsageError(
      `'${url.text}' has no scrape form: its last segment does not begin with 'announce' (BEP 48)`,
    );
  }
  if (options['full-scrape'] && url.scheme === 'udp') {
    throw new UsageError('--full-scrape: UDP has no full scrape');
  }
  if (options.watch !== undefined) {
    return { mode: 'watch', tracker: url, settings, seconds: seconds(options, 'watch', 0.1, 86_400) };
  }
  return { mode: 'single', tracker: url, settings, attempts: attemptsOf(options) };
}

function refuseContradictions(options: RawOptions, batch: boolean): void {
  const contradictions: [boolean, string][] = [
    [batch && options.tracker !== undefined, '-t and -b contradict each other: one tracker, or a list'],
    [batch && options.retry !== undefined, '-R works on one tracker, not with -b'],
    [batch && options.watch !== undefined, '--watch works on one tracker, not with -b'],
    [options.watch !== undefined && options.retry !== undefined, '--watch repeats by itself; leave -R out'],
    [options.lookup === true && options['show-peers'] !== true, '-l needs -p'],
    [options.ipv4 === true && options.ipv6 === true, '-4 and -6 contradict each other'],
    [
      hashesOf(options).length > 1 && !options.scrape && !options['full-scrape'],
      'several -H need -s: an announce is about one torrent',
    ],
    [hashesOf(options).length > 0 && options['full-scrape'] === true, '--full-scrape takes no -H'],
    [hashesOf(options).length > 1 && options.watch !== undefined, '--watch takes one -H'],
    [options['full-scrape'] === true && options.watch !== undefined, '--watch takes no --full-scrape'],
  ];
  const found = contradictions.find(([contradicts]) => contradicts);
  if (found) throw new UsageError(found[1]);
}

async function createSettings(options: RawOptions): Promise<Settings> {
  const event = choice<EventName>(options, 'event');
  const fullScrape = options['full-scrape'] === true;
  const settings: Settings = {
    kind: options.scrape || fullScrape ? 'scrape' : 'announce',
    torrents: [],
    event,
    numwant: wholeNumber(options, 'num-want', -(2 ** 31), 2 ** 31 - 1),
    left:
      options.left === undefined
        ? event === 'completed'
          ? 0
          : 1_000_000_000
        : wholeNumber(options, 'left', 0),
    port: wholeNumber(options, 'port', 1, 65535),
    randomIdentity: options['random-qb'] === true,
    cleanup: options['no-cleanup'] !== true,
    timeoutSeconds: timeoutOf(options),
    families: familiesOf(options),
    insecure: options.insecure === true,
    format: choice<Format>(options, 'format'),
    showPeers: options['show-peers'] === true,
    lookup: options.lookup === true,
    nocolor: options.nocolor === true,
  };
  if (!fullScrape) settings.torrents = await readTorrents(options);
  return settings;
}

/** The torrents of `-H`, or a random one. */
export async function readTorrents(options: RawOptions): Promise<Torrent[]> {
  const hashes = hashesOf(options);
  return hashes.length === 0 ? [createRandomTorrent()] : await Promise.all(hashes.map(readTorrent));
}

export function timeoutOf(options: RawOptions): number {
  return seconds(options, 'timeout', 0.1, 3600);
}

export function familiesOf(options: RawOptions): Families {
  if (options.ipv4) return [4];
  return options.ipv6 ? [6] : bothFamilies;
}

function hashesOf(options: RawOptions): string[] {
  return Array.isArray(options.hash) ? options.hash : [];
}

function attemptsOf(options: RawOptions): number {
  if (options.retry === undefined) return 1;
  return options.retry === true ? Number.POSITIVE_INFINITY : wholeNumber(options, 'retry', 1, 1_000_000) + 1;
}

async function requireReadable(file: string): Promise<void> {
  if (file === '-') return;
  let directory: boolean;
  try {
    directory = (await stat(file)).isDirectory();
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new UsageError(`cannot read the list '${file}': ${reason}`);
  }
  if (directory) throw new UsageError(`cannot read the list '${file}': it is a directory`);
}

/** The value as written, or the default of the table. */
function text(options: RawOptions, long: string): string {
  const value = options[long];
  return typeof value === 'string'
    ? value
    : (optionTable.find((option) => option.long === long)?.default ?? '');
}

/** Commander has checked that it is one of the table's choices. */
export function choice<T extends string>(options: RawOptions, long: string): T {
  return text(options, long) as T;
}

function wholeNumber(
  options: RawOptions,
  long: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value = text(options, long);
  const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${long} '${value}' is no whole number from ${least} to ${most}`);
}

function seconds(options: RawOptions, long: string, least: number, most: number): number {
  const value = text(options, long);
  const number = /^\d{1,9}(\.\d{1,9})?$|^\.\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${long} '${value}' is no number of seconds from ${least} to ${most}`);
}
