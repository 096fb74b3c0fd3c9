// How createTracker's options become the tracker's settings, and what is said of those that are wrong.
import { didYouMean } from '../cli/did-you-mean.ts';
import { quoteForLog } from '../cli/escape-for-log.ts';
import { UsageError } from '../cli/usage-error.ts';
import {
  type Configuration,
  codeNameOf,
  configurationOf,
  resolveSettings,
} from '../server/options/configuration.ts';
import { type OptionName, optionNames, optionOf } from '../server/options/options.ts';
import type { Settings } from '../server/options/settings.ts';
import { listeningTransports } from '../transport/transports.ts';
import type { AnnounceFilter } from './announce-filter.ts';
import type { LogLine, TrackerOptions } from './tracker-options.ts';

/** What only a process of its own can do. */
export const notInLibrary: readonly OptionName[] = ['takeover', 'log-format', 'config', 'check'];

const onlyThere = new RegExp(`; --(?:${notInLibrary.join('|')})\\b[^;]*`, 'g');

/** Options that are called otherwise here than their flags. */
const ownNames: Readonly<Partial<Record<OptionName, string>>> = {
  ...Object.fromEntries(listeningTransports.map(({ name }) => [`${name}-port`, name])),
  'no-webtorrent': 'webtorrent',
};

/** Those that may be several. */
const listenPorts: readonly string[] = listeningTransports.map(({ name }) => `${name}-port`);

/** The options of the table by their names here. */
export const namedOptions: ReadonlyMap<string, OptionName> = new Map(
  optionNames.filter((name) => !notInLibrary.includes(name)).map((name) => [nameHere(name), name]),
);

/** Options of bittorrent-tracker's `Server`, and what they are here. */
const elsewhere: Readonly<Partial<Record<string, string>>> = {
  ws: 'webtorrent',
  noServer: 'http: false with handleUpgrade',
  trustProxy: 'trustedProxy, the networks of your proxies,',
  stats: 'tracker.stats(), or adminPort for pages,',
  peersCacheLength: 'memoryLimit',
  peersCacheTtl: 'peerTtl, in seconds,',
};

const longestTtl = 86_400;
const usualTtl = 60;

export interface ReadOptions {
  readonly configuration: Configuration;
  readonly warnings: readonly string[];
  readonly log: ((line: LogLine) => void) | undefined;
  readonly filter: AnnounceFilter | undefined;
  /** Seconds. */
  readonly filterTtl: number;
}

/** @throws TypeError that names every option that is wrong, and why */
export function readOptions(options: TrackerOptions): ReadOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`createTracker takes an object of options, not ${String(options)}`);
  const faults: string[] = [];
  const { log, filter, filterTtl, ...named } = options;
  for (const [name, value] of Object.entries({ log, filter })) {
    if (value !== undefined && typeof value !== 'function') faults.push(`${name} must be a function`);
  }
  if (filterTtl !== undefined && !(Number.isInteger(filterTtl) && filterTtl >= 0 && filterTtl <= longestTtl))
    faults.push(`filterTtl must be whole seconds from 0 to ${longestTtl}, not ${shown(filterTtl)}`);
  const settings = readNamed(named, faults);
  if (faults.length > 0) throw wrong(faults);
  const { configuration, warnings } = resolveNamed(settings);
  const threads = configuration.workers + (configuration.httpsPort ? configuration.streamWorkers : 0);
  if (filter !== undefined && filterTtl === 0 && threads > 0)
    throw wrong(['filterTtl must not be 0 with workers: what a thread answers cannot wait for filter']);
  return { configuration, warnings, log, filter, filterTtl: filterTtl ?? (threads > 0 ? usualTtl : 0) };
}

/** Where the library's defaults are others than the flags'. */
function libraryDefaults(): Settings {
  return new Map<OptionName, unknown>([
    ['udp-port', 'any'],
    ['http-port', 'any'],
    ['workers', 0],
    ['stream-workers', 0],
  ]);
}

function readNamed(options: object, faults: string[]): Settings {
  const settings = libraryDefaults();
  for (const [key, value] of Object.entries(options)) {
    const name = namedOptions.get(key);
    if (name === undefined) faults.push(unknownOption(key));
    else if (value !== undefined) {
      const read = readValue(name, value);
      if (read === undefined) faults.push(`${key} must be ${describe(name)}, not ${shown(value)}`);
      else settings.set(name, read);
    }
  }
  return settings;
}

function unknownOption(key: string): string {
  const flag = optionNames.find((name) => codeNameOf(name) === key);
  if (flag !== undefined && notInLibrary.includes(flag)) return `${key} is an option of tracker-server alone`;
  if (flag !== undefined) return `there is no option ${key} (it is called ${nameHere(flag)} here)`;
  if (Object.hasOwn(elsewhere, key)) return `there is no option ${key} (it is ${elsewhere[key]} here)`;
  const known = [...namedOptions.keys(), 'log', 'filter', 'filterTtl'];
  return `there is no option ${quoteForLog(key)}${didYouMean(key, known)}`;
}

function readValue(name: OptionName, value: unknown): unknown {
  if (name === 'no-webtorrent') return typeof value === 'boolean' ? !value : undefined;
  const { kind } = optionOf(name);
  return kind.fromToml(isPort(name) ? portInToml(value) : value);
}

function isPort(name: OptionName): boolean {
  return listenPorts.includes(name) || name === 'admin-port';
}

/** There 0 does not listen, and `any` is what 0 is elsewhere. */
function portInToml(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((port) => (port === 0 ? 'any' : port));
  if (value === true || value === 0) return 'any';
  return value === false ? 0 : value;
}

function describe(name: OptionName): string {
  if (isPort(name)) {
    const several = listenPorts.includes(name) ? ', or several ports' : '';
    return `true, false, or a port from 0 (a free one) to 65535${several}`;
  }
  if (name === 'no-webtorrent') return 'true or false';
  return optionOf(name).kind.describe.replace(/ \(in the environment[^)]*\)/, '');
}

function resolveNamed(settings: Settings): { configuration: Configuration; warnings: readonly string[] } {
  try {
    const { values, warnings } = resolveSettings(settings);
    return { configuration: configurationOf(values), warnings: warnings.map(inNamesHere) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw wrong(error.lines.map(inNamesHere));
  }
}

/** `https needs cert and key` for `--https-port needs --cert and --key`; advice to use what is no option here is left out. */
export function inNamesHere(text: string): string {
  return text
    .replace(onlyThere, '')
    .replace(/--([a-z][a-z0-9-]*)/g, (flag, name: string) =>
      name in ownNames || [...namedOptions.values()].includes(name as OptionName)
        ? nameHere(name as OptionName)
        : flag,
    );
}

function nameHere(name: OptionName): string {
  return ownNames[name] ?? codeNameOf(name);
}

function wrong(faults: readonly string[]): TypeError {
  return new TypeError(`createTracker: ${faults.join('; ')}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoteForLog(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  try {
    return quoteForLog(JSON.stringify(value) ?? String(value)).slice(1, -1);
  } catch {
    return String(value);
  }
}
