// YAML as a list of its values; the only file that knows the parser, which is loaded for this alone.
import type { Document, LineCounter, Node } from 'yaml';
import { UsageError } from '../cli/usage-error.ts';
import { type Entry, entryOf, type Source } from './entries.ts';

/** No configuration is deeper, and a node may contain itself. */
const deepest = 20;

/** @throws UsageError naming the line where the text is no YAML */
export async function readYaml(source: Source): Promise<Entry[]> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(source.text, { lineCounter: lines });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line } = lines.linePos(fault.pos[0]);
    throw new UsageError(`${source.path}:${line}: this is no YAML: ${fault.message.split('\n')[0]}`);
  }
  const entries: Entry[] = [];
  const unfold = (node: Node | undefined): unknown => {
    try {
      return node?.toJS(document as Document) ?? undefined;
    } catch (error) {
      // More aliases than anybody writes: it would unfold into all of the memory.
      if (error instanceof ReferenceError)
        throw new UsageError(`${source.path}: ${error.message}`, { cause: error });
      throw error;
    }
  };
  const walk = (given: unknown, way: readonly string[], line: number | undefined) => {
    if (way.length > deepest) throw new UsageError(`${source.path}: this is nested too deeply`);
    const node = yaml.isAlias(given) ? given.resolve(document as Document) : (given as Node | undefined);
    if (yaml.isMap(node)) {
      for (const { key, value } of node.items) walk(value, [...way, String(key)], lineOf(key, lines) ?? line);
    } else if (yaml.isSeq(node) && node.items.some((item) => yaml.isMap(item))) {
      for (const [index, item] of node.items.entries())
        walk(item, [...way, String(index)], lineOf(item, lines) ?? line);
    } else entries.push(entryOf(source, way, unfold(node), line));
  };
  if (document.contents !== null) walk(document.contents, [], undefined);
  return entries;
}

function lineOf(node: unknown, lines: LineCounter): number | undefined {
  const start = (node as Node | null)?.range?.[0];
  return start === undefined ? undefined : lines.linePos(start).line;
}
