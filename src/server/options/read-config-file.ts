// How the file of --config sets options: TOML whose keys are the flags' names.
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { didYouMean } from '../../cli/did-you-mean.ts';
import { quoteForLog } from '../../cli/escape-for-log.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { isOptionName, type OptionName, optionNames, optionOf } from './options.ts';
import { type Settings, settingFromToml } from './settings.ts';
import { explainLine, linesOfKeys } from './toml-places.ts';

/** The options that may stand in the file. */
export const fileOptions = optionNames.filter(
  (name) => !optionOf(name).flagOnly && !optionOf(name).notInFile,
);

/**
 * @throws UsageError when the file cannot be read or is not TOML; for unknown keys and wrong values with a line for
 * each of them.
 */
export function readConfigFile(path: string): Settings {
  const text = readText(path);
  const table = parseToml(path, text);
  const lines = linesOfKeys(text);
  const settings: Settings = new Map();
  const faults: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    const line = lines.get(key);
    const where = line === undefined ? path : `${path}:${line}`;
    if (isTable(value)) faults.push(`${where}: ${describeTable(key, value)}`);
    else if (!isFileOption(key))
      faults.push(`${where}: unknown key ${quoteForLog(key)}${didYouMean(key, fileOptions)}`);
    else {
      try {
        settings.set(key, settingFromToml(key, value, `${where}: ${key}`));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        faults.push(error.message);
      }
    }
  }
  if (faults.length > 0) throw new UsageError(faults);
  return settings;
}

function isFileOption(key: string): key is OptionName {
  return isOptionName(key) && fileOptions.includes(key);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function describeTable(key: string, table: Record<string, unknown>): string {
  const known = Object.keys(table).find(isFileOption);
  const example = known === undefined ? '' : `, ${known} too`;
  return `there are no tables here, so no [${quoteForLog(key).slice(1, -1)}]: settings stand by themselves${example}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text, { unsafeKeyBehaviour: 'keep' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message's first line says what is wrong; the rest draws the place, which line and column name as well.
    const reason = error.message.split('\n')[0].replace('Invalid TOML document: ', '');
    const explained = explainLine(text.split('\n'), error.line, reason);
    throw new UsageError(`${path}:${error.line}:${error.column}: ${explained}`, { cause: error });
  }
}
