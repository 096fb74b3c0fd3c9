// The tracker's settings after every source has had its say, and where each value comes from.

import { checkConfiguration } from './configuration-rules.ts';
import { type OptionName, type OptionValues, optionNames, optionOf } from './options.ts';
import { readConfigFile } from './read-config-file.ts';
import { type Environment, readEnvironment } from './read-environment.ts';
import { readFlags } from './read-flags.ts';
import type { ResolvedConfiguration } from './resolved-configuration.ts';
import type { Origin, Settings } from './settings.ts';

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** Every option's value under its name in code (`httpPort` for `--http-port`). */
export type Configuration = Readonly<{ [K in OptionName as CamelCase<K>]: OptionValues[K] }>;

/** What the command line asks for: a text to print, or to run (or check) with these settings. */
export type Invocation = { print: string } | (ResolvedConfiguration & { print?: undefined });

/**
 * Reads flags, environment and file, in this order of precedence, over the defaults.
 * @throws UsageError naming the flag, variable or key at fault.
 */
export function readConfiguration(words: readonly string[], environment: Environment): Invocation {
  const flags = readFlags(words);
  if (flags.print !== undefined) return flags;
  const { settings: variables, warnings } = readEnvironment(environment, flags.settings);
  const path = (flags.settings.get('config') ?? variables.get('config')) as string | undefined;
  const file: Settings = path === undefined ? new Map() : readConfigFile(path);
  const resolved = resolve({ flag: flags.settings, environment: variables, file });
  return { ...resolved, warnings: [...warnings, ...checkConfiguration(resolved)] };
}

function resolve(sources: Record<Exclude<Origin, 'default'>, Settings>): ResolvedConfiguration {
  const values: Partial<Record<OptionName, unknown>> = {};
  const origins: Partial<Record<OptionName, Origin>> = {};
  for (const name of optionNames) {
    const origin = (['flag', 'environment', 'file'] as const).find((source) => sources[source].has(name));
    origins[name] = origin ?? 'default';
    values[name] = origin === undefined ? optionOf(name).default : sources[origin].get(name);
  }
  // Each reader has checked its values against the option's kind, which is what the table's types promise.
  const resolved = { values, origins, warnings: [] } as unknown as ResolvedConfiguration;
  if (resolved.origins['min-interval'] === 'default') {
    resolved.values['min-interval'] = Math.min(resolved.values['min-interval'], resolved.values.interval);
  }
  return resolved;
}

/**
 * The settings of a program that the tracker is a part of, over the defaults; no environment and no file is read.
 * @throws UsageError when settings contradict each other
 */
export function resolveSettings(settings: Settings): ResolvedConfiguration {
  const resolved = resolve({ flag: settings, environment: new Map(), file: new Map() });
  return { ...resolved, warnings: checkConfiguration(resolved) };
}

/** The same values under their names in code, for the parts that the server is put together from. */
export function configurationOf(values: OptionValues): Configuration {
  const entries = optionNames.map((name) => [codeNameOf(name), values[name]]);
  return Object.fromEntries(entries) as Configuration;
}

/** `httpPort` for `http-port`. */
export function codeNameOf(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Every option at its default, with some changed: what tests start a tracker with. */
export function defaultConfiguration(changes: Partial<Configuration> = {}): Configuration {
  const { values } = resolve({ flag: new Map(), environment: new Map(), file: new Map() });
  return { ...configurationOf(values), ...changes };
}
