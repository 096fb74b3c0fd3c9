// Where the keys of a TOML file stand, and what its writer most likely meant where it is no TOML. The parser gives
// values without their places, and stops in its own terms.
import { quoteForLog } from '../../cli/escape-for-log.ts';

/** `key =`, `"key" =`, `key.more =` or `[key]` at the beginning of a line. */
const opening = /^\s*\[{0,2}\s*(?:"([^"\\]+)"|'([^']+)'|([\w-]+))\s*[=.\]]/;

/** The number of the line, from 1, on which each key or table of the top level first stands. */
export function linesOfKeys(text: string): Map<string, number> {
  const found = new Map<string, number>();
  let within: string | undefined;
  let inTable = false;
  for (const [index, line] of text.split('\n').entries()) {
    // What looks like a key in a string of several lines is none.
    if (within === undefined) {
      const match = opening.exec(line);
      const table = line.trimStart().startsWith('[');
      const key = match?.[1] ?? match?.[2] ?? match?.[3];
      if (key !== undefined && (table || !inTable) && !found.has(key)) found.set(key, index + 1);
      if (match !== null && table) inTable = true;
    }
    for (const quotes of line.match(/"""|'''/g) ?? []) {
      if (within === undefined) within = quotes;
      else if (within === quotes) within = undefined;
    }
  }
  return found;
}

/** The number of the line behind line `after`, from 1, that sets this key, for what stands in a table. */
export function lineOfKey(text: string, key: string, after = 0): number | undefined {
  const lines = text.split('\n');
  const index = lines.findIndex(
    (line, index) => index >= after && opening.exec(line)?.slice(1).includes(key),
  );
  return index < 0 ? undefined : index + 1;
}

/** Whether the file without line `number`, from 1, is the file without one setting: nothing above it is still open. */
export function canBeLeftOut(lines: readonly string[], number: number): boolean {
  const setting = /^\s*[\w-]+\s*=\s*(.*)$/;
  const goesOn = /"""|'''|^[[{][^\]}]*$/;
  return (
    setting.test(lines[number - 1] ?? '') &&
    !lines.slice(0, number).some((line) => goesOn.test(setting.exec(line)?.[1] ?? ''))
  );
}

/**
 * Why the line on which a parser stopped is no TOML, in one sentence.
 * @param lines the whole file
 * @param number the line at fault, from 1
 * @param reason the parser's own words, for what is not known here
 */
export function explainLine(lines: readonly string[], number: number, reason: string): string {
  const line = lines[number - 1] ?? '';
  const [, key, value = ''] = /^\s*([\w-]+)\s*=\s*(.*?)\s*(?:#.*)?$/.exec(line) ?? [];
  if (/redefine/.test(reason)) {
    const table = /^\s*\[+\s*([\w-]+)/.exec(line)?.[1];
    const name = table ?? key ?? '';
    const first = linesOfKeys(lines.join('\n')).get(name);
    return `${quoteForLog(name)} stands here again${first === undefined ? '' : `, after line ${first}`}`;
  }
  if (/^(true|false|yes|no|on|off)$/i.test(value)) {
    const meant = /^(true|yes|on)$/i.test(value);
    return `${key} must be ${meant} (without quotes, in small letters), not ${quoteForLog(value)}`;
  }
  // A string that is not closed, a list or a table has quotes or brackets of its own.
  if (key !== undefined && /^[^"'[{=\s]/.test(value) && !/^[\d_+.-]+$/.test(value))
    return `the value of ${key} needs quotes: ${key} = ${quoteForLog(value).replace(/^'|'$/g, '"')}`;
  if (/^\d+(\.\d+){3}$/.test(value)) return `the value of ${key} needs quotes: ${key} = "${value}"`;
  if (/^\[/.test(value) && /illegal character|invalid value/.test(reason))
    return `each text in the list of ${key} needs quotes`;
  if (/^\s*[\w-]+\s*(:|\s[^=]*$|$)/.test(line) && key === undefined)
    return `a setting is written: key = value (${reason})`;
  return reason;
}
