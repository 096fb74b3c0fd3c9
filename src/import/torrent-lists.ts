// Lists of torrents as other trackers write them, an info_hash at the beginning of a line, and as this one does.

import { basename } from 'node:path';
import { formatCount } from '../cli/format-count.ts';
import { UsageError } from '../cli/usage-error.ts';
import type { Source } from './entries.ts';
import type { OtherList } from './findings.ts';
import { readText } from './read-text.ts';
import type { Transfer } from './transfer.ts';

export type ListKind = OtherList['kind'];

const infoHash = /^[0-9a-f]{40}(?:[0-9a-f]{24})?(?![0-9a-f])/i;

/** Whether a file is a list, and no configuration. An empty one is known by its name. */
export function isList({ path, text }: Source): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return first === undefined ? kindByName(path) !== undefined : infoHash.test(first.trim());
}

/**
 * Brings the lists that the configuration names and the files that were given together.
 * @returns the info_hashes of each kind that there is; of allowed ones none at all where the list cannot be read, so
 * that a closed tracker does not become an open one
 * @throws UsageError for a file of which nothing says what it is
 */
export function collectLists(given: readonly Source[], transfer: Transfer): Map<ListKind, Set<string>> {
  const found = new Map<ListKind, Set<string>>();
  const add = (kind: ListKind, hashes: Iterable<string>) => {
    const all = found.get(kind) ?? new Set();
    for (const hash of hashes) all.add(hash);
    found.set(kind, all);
  };
  const named = new Map<OtherList, Source[]>();
  for (const source of given) {
    const list = listOf(source, transfer.lists);
    const kind = list?.kind ?? kindByName(source.path);
    if (kind === undefined)
      throw new UsageError(
        `${source.path} is a list, and no file says whether of allowed or of denied torrents`,
      );
    if (list !== undefined) named.set(list, [...(named.get(list) ?? []), source]);
    add(kind, hashesOf(source, transfer));
  }
  for (const list of transfer.lists) {
    const sources = named.get(list) ?? readFirst(list.paths);
    if (list.items.length > 0)
      add(list.kind, hashesOf({ path: list.place.file, text: list.items.join('\n') }, transfer));
    else if (sources.length > 0) for (const source of sources) add(list.kind, hashesOf(source, transfer));
    else add(list.kind, tellMissing(list, transfer));
  }
  return found;
}

/** The list that a file is, by its name or because there is only one. */
function listOf(source: Source, lists: readonly OtherList[]): OtherList | undefined {
  const alike = lists.find(({ paths }) => paths.some((path) => basename(path) === basename(source.path)));
  if (alike !== undefined) return alike;
  const files = lists.filter(({ items }) => items.length === 0);
  const kind = kindByName(source.path);
  return files.length === 1 && (kind === undefined || kind === files[0].kind) ? files[0] : undefined;
}

function kindByName(path: string): ListKind | undefined {
  const name = basename(path);
  if (/white|allow/i.test(name)) return 'allowed';
  return /black|den(?:y|ied)|block/i.test(name) ? 'denied' : undefined;
}

function readFirst(paths: readonly string[]): Source[] {
  for (const path of paths) {
    try {
      return [{ path, text: readText(path) }];
    } catch {
      // The next one, and in the end it is told that there is none.
    }
  }
  return [];
}

function tellMissing({ kind, place, paths, advice }: OtherList, transfer: Transfer): string[] {
  const where = paths.length === 0 ? '' : `${paths[0]} cannot be read from here; `;
  const how = advice ?? 'name a copy of it beside the configuration, and import again';
  const until =
    kind === 'allowed'
      ? '. Until then nothing may be announced: the list is empty'
      : '. ATTENTION: until then its torrents may be announced, as the list is empty';
  transfer.drop(place, `${where}${how}${until}`);
  return [];
}

const mostTold = 3;

function hashesOf({ path, text }: Source, transfer: Transfer): string[] {
  const hashes: string[] = [];
  let others = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const item = line.trim();
    if (item === '' || item.startsWith('#')) continue;
    const match = infoHash.exec(item);
    if (match !== null) hashes.push(match[0].toLowerCase());
    else if (++others <= mostTold) transfer.drop({ file: path, line: index + 1, text: item }, 'no info_hash');
  }
  if (others > mostTold)
    transfer.drop(
      { file: path, text: '' },
      `${formatCount(others - mostTold, 'more line')} without an info_hash`,
    );
  return hashes;
}

export function formatList(kind: ListKind, hashes: ReadonlySet<string>): string {
  const torrents = kind === 'allowed' ? 'No other torrent may be announced' : 'These may not be announced';
  return `# ${torrents}. Read again when this file changes.\n${[...hashes].map((hash) => `${hash}\n`).join('')}`;
}
