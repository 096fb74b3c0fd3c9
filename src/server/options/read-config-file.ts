// How the file of --config sets options: TOML whose keys are the flags' names.
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { didYouMean } from '../../cli/did-you-mean.ts';
import { quoteForLog } from '../log/escape-for-log.ts';
import { UsageError } from '../usage-error.ts';
import { isOptionName, type OptionName, optionNames, optionOf } from './options.ts';
import { type Settings, settingFromToml } from './settings.ts';

/** The options that may stand in the file. */
export const fileOptions = optionNames.filter(
  (name) => !optionOf(name).flagOnly && !optionOf(name).notInFile,
);

/** @throws UsageError when the file cannot be read, is not TOML, has an unknown key or a wrong value. */
export function readConfigFile(path: string): Settings {
  const table = parseToml(path, readText(path));
  const settings: Settings = new Map();
  for (const [key, value] of Object.entries(table)) {
    if (!isFileOption(key)) {
      throw new UsageError(`${path}: unknown key ${quoteForLog(key)}${didYouMean(key, fileOptions)}`);
    }
    settings.set(key, settingFromToml(key, value, `${path}: ${key}`));
  }
  return settings;
}

function isFileOption(key: string): key is OptionName {
  return isOptionName(key) && fileOptions.includes(key);
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
    const reason = error.message.split('\n')[0]!.replace('Invalid TOML document: ', '');
    throw new UsageError(`${path}:${error.line}:${error.column}: ${reason}`, { cause: error });
  }
}
