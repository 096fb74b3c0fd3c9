// TOML with its tables, and the line of each value: the parser gives values without their places.
import { parse, TomlError } from 'smol-toml';
import { UsageError } from '../cli/usage-error.ts';
import { type Entry, entryOf, type Source } from './entries.ts';

/** @throws UsageError naming the line where the text is no TOML */
export function readToml(source: Source): Entry[] {
  const lines = linesOf(source.text);
  return leavesOf(parseToml(source), []).map(({ way, value }) => {
    // What stands in an inline table has the line of the key that it belongs to.
    let known = way;
    while (known.length > 0 && !lines.has(known.join('\0'))) known = known.slice(0, -1);
    return entryOf(source, way, value, lines.get(known.join('\0')));
  });
}

function parseToml({ path, text }: Source): Record<string, unknown> {
  try {
    return parse(text, { unsafeKeyBehaviour: 'keep' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0].replace('Invalid TOML document: ', '');
    throw new UsageError(`${path}:${error.line}: this is no TOML: ${reason}`, { cause: error });
  }
}

function leavesOf(value: unknown, way: readonly string[]): { way: readonly string[]; value: unknown }[] {
  if (isTable(value)) return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...way, key]));
  if (Array.isArray(value) && value.length > 0 && value.every(isTable))
    return value.flatMap((inner, index) => leavesOf(inner, [...way, String(index)]));
  return [{ way, value }];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

const name = String.raw`(?:"[^"]*"|'[^']*'|[\w-]+)`;
const header = new RegExp(String.raw`^\s*(\[\[?)\s*(${name}(?:\s*\.\s*${name})*)\s*\]`);
const assignment = new RegExp(String.raw`^\s*(${name}(?:\s*\.\s*${name})*)\s*=`);

/** The line of each key, by the way to it with NUL between its parts. */
function linesOf(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const counts = new Map<string, number>();
  let table: string[] = [];
  let within: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (within === undefined) {
      const head = header.exec(line);
      const key = assignment.exec(line);
      if (head !== null) table = enter(partsOf(head[2]), head[1] === '[[', counts);
      else if (key !== null) found.set([...table, ...partsOf(key[1])].join('\0'), index + 1);
    }
    for (const quotes of line.match(/"""|'''/g) ?? []) {
      if (within === undefined) within = quotes;
      else if (within === quotes) within = undefined;
    }
  }
  return found;
}

function partsOf(dotted: string): string[] {
  return [...dotted.matchAll(new RegExp(name, 'g'))].map(([part]) => part.replace(/^["']|["']$/g, ''));
}

/** `[a.b]` below `[[a]]` belongs to the last item of that list. */
function enter(parts: readonly string[], isItem: boolean, counts: Map<string, number>): string[] {
  const way: string[] = [];
  for (const [index, part] of parts.entries()) {
    way.push(part);
    const list = way.join('\0');
    if (isItem && index === parts.length - 1) counts.set(list, (counts.get(list) ?? -1) + 1);
    const count = counts.get(list);
    if (count !== undefined) way.push(String(count));
  }
  return way;
}
