// What one source of options says: which options it sets, to which checked values, and how messages name them.

import { quoteForLog } from '../../cli/escape-for-log.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { type OptionName, optionOf } from './options.ts';

export type Origin = 'default' | 'file' | 'environment' | 'flag';

/** The checked values of one source; an option that the source does not mention is missing. */
export type Settings = Map<OptionName, unknown>;

/**
 * Reads the texts that a flag or a variable gave, several only for a repeatable option.
 * @throws UsageError naming `where` when one is not of the option's kind.
 */
export function parseSetting(name: OptionName, texts: readonly string[], where: string): unknown {
  const { kind } = optionOf(name);
  const values = texts.map((text): NonNullable<unknown> => {
    const value = kind.parse(text);
    if (value === undefined) throw wrongValue(name, where, quoteForLog(text));
    return value;
  });
  if (!kind.repeatable) return values.at(-1);
  return kind.gather ? kind.gather(values) : values.flat();
}

/** @throws UsageError naming `where` when the TOML value is not of the option's kind. */
export function settingFromToml(name: OptionName, given: unknown, where: string): unknown {
  const value = optionOf(name).kind.fromToml(given);
  if (value === undefined) throw wrongValue(name, where, quoteForLog(JSON.stringify(given) ?? 'nothing'));
  return value;
}

function wrongValue(name: OptionName, where: string, given: string): UsageError {
  return new UsageError(`${where} must be ${optionOf(name).kind.describe}, not ${given}`);
}
