// How the file of --config sets options: TOML whose keys are the flags' names.
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { didYouMean } from '../../cli/did-you-mean.ts';
import { quoteForLog } from '../../cli/escape-for-log.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { isOptionName, type OptionName, optionNames, optionOf } from './options.ts';
import { type Settings, settingFromToml } from './settings.ts';
import { canBeLeftOut, explainLine, lineOfKey, linesOfKeys } from './toml-places.ts';

/** The options that may stand in the file. */
export const fileOptions = optionNames.filter(
  (name) => !optionOf(name).flagOnly && !optionOf(name).notInFile,
);

/** At most so many lines that are no TOML are told of; each costs a parse. */
const mostBadLines = 20;

interface Fault {
  line: number;
  text: string;
}

/**
 * @throws UsageError when the file cannot be read, and with a line for each place that is no TOML, unknown key and wrong
 * value, in their order.
 */
export function readConfigFile(path: string): Settings {
  const text = readText(path);
  const faults: Fault[] = [];
  const table = parseToml(path, text, faults);
  const lines = linesOfKeys(text);
  const settings: Settings = new Map();
  const read = (key: string, value: unknown, line: number | undefined) => {
    const where = line === undefined ? path : `${path}:${line}`;
    const fault = (text: string) => faults.push({ line: line ?? 0, text });
    if (isTable(value)) {
      fault(`${where}: ${describeTable(key, value)}`);
      // What stands in it would be wrong outside of it as well.
      if (!Object.keys(value).some(isFileOption)) return;
      for (const [inner, setting] of Object.entries(value))
        read(inner, setting, lineOfKey(text, inner, line));
    } else if (!isFileOption(key))
      fault(`${where}: unknown key ${quoteForLog(key)}${didYouMean(key, fileOptions)}`);
    else {
      try {
        settings.set(key, settingFromToml(key, value, `${where}: ${key}`));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        fault(error.message);
      }
    }
  };
  for (const [key, value] of Object.entries(table)) read(key, value, lines.get(key));
  if (faults.length > 0) throw new UsageError(faults.sort((a, b) => a.line - b.line).map(({ text }) => text));
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

/** What the lines hold that are TOML; the parser stops at the first that is none, so it begins again without that. */
function parseToml(path: string, text: string, faults: Fault[]): Record<string, unknown> {
  const lines = text.split('\n');
  const kept = [...lines];
  for (;;) {
    try {
      return parse(kept.join('\n'), { unsafeKeyBehaviour: 'keep' });
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const { line, column } = error;
      // The message's first line says what is wrong; the rest draws the place, which line and column name as well.
      const reason = error.message.split('\n')[0].replace('Invalid TOML document: ', '');
      faults.push({ line, text: `${path}:${line}:${column}: ${explainLine(lines, line, reason)}` });
      if (!canBeLeftOut(kept, line) || faults.length === mostBadLines) return {};
      kept[line - 1] = '';
    }
  }
}
