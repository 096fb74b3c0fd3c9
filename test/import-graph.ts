// Who imports whom: read from the sources, for the rules of the architecture and for `npm run graph`.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface ImportGraph {
  /** Paths below the folder that was read, with slashes. */
  files: string[];
  /** For each file, the files of ours that it imports, types included. */
  inside: Map<string, string[]>;
  /** Of those, the ones that are there when it is loaded: neither types alone nor what `import()` loads when it is wanted. */
  loaded: Map<string, string[]>;
  /** For each file, the packages and `node:` modules that it imports. */
  outside: Map<string, string[]>;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

/** @param src a folder of TypeScript sources */
export function readImportGraph(src: string): ImportGraph {
  const files = readdirSync(src, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const known = new Set(files);
  const inside = new Map<string, string[]>();
  const loaded = new Map<string, string[]>();
  const outside = new Map<string, string[]>();
  for (const file of files) {
    const text = readFileSync(join(src, file), 'utf8');
    const all = [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3]);
    const oursOf = (names: readonly string[]) => [
      ...new Set(names.filter((name) => name.startsWith('.')).map((name) => resolve(file, name, known))),
    ];
    inside.set(file, oursOf(all));
    const atOnce = [...text.matchAll(importPattern)].filter(
      ([statement, , later]) => later === undefined && !/^\s*(?:im|ex)port type\b/.test(statement),
    );
    loaded.set(file, oursOf(atOnce.map((match) => match[1] ?? match[3])));
    outside.set(
      file,
      all.filter((name) => !name.startsWith('.')),
    );
  }
  return { files, inside, loaded, outside };
}

function resolve(from: string, name: string, known: ReadonlySet<string>): string {
  const path = posix.join(posix.dirname(from), name);
  const declared = path.replace(/\.js$/, '.d.ts');
  return !known.has(path) && known.has(declared) ? declared : path;
}

export type Arrows = ReadonlyMap<string, readonly string[]>;

/** The same arrows between groups of files; those within a group are left out. */
export function groupArrows(arrows: Arrows, groupOf: (file: string) => string): Map<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const [from, targets] of arrows) {
    const own = groups.get(groupOf(from)) ?? new Set();
    groups.set(groupOf(from), own);
    for (const to of targets) if (groupOf(to) !== groupOf(from)) own.add(groupOf(to));
  }
  return new Map([...groups].map(([group, targets]) => [group, [...targets].sort()]));
}

/** The arrows between these alone. */
export function arrowsAmong(arrows: Arrows, wanted: (file: string) => boolean): Map<string, string[]> {
  const kept = [...arrows].filter(([file]) => wanted(file));
  return new Map(kept.map(([file, targets]) => [file, targets.filter(wanted)]));
}

/** Sets of those that reach each other (Tarjan), largest first; empty when there is no way back from anywhere. */
export function circlesIn(arrows: Arrows): string[][] {
  const indexes = new Map<string, number>();
  const lows = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string) => {
    const index = indexes.size;
    indexes.set(node, index);
    lows.set(node, index);
    stack.push(node);
    for (const next of arrows.get(node) ?? []) {
      if (!indexes.has(next)) visit(next);
      if (stack.includes(next)) lows.set(node, Math.min(lows.get(node)!, lows.get(next)!));
    }
    if (lows.get(node) !== index) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const node of arrows.keys()) if (!indexes.has(node)) visit(node);
  return circles.sort((a, b) => b.length - a.length);
}

/** How many stand on top of each other: the longest way along arrows, a circle counted as one. */
export function floorsOf(arrows: Arrows): number {
  const circleOf = new Map(circlesIn(arrows).flatMap((circle) => circle.map((node) => [node, circle[0]])));
  const condensed = groupArrows(arrows, (node) => circleOf.get(node) ?? node);
  const floors = new Map<string, number>();
  const floorOf = (node: string): number => {
    if (!floors.has(node)) {
      const below = (condensed.get(node) ?? []).map(floorOf);
      floors.set(node, 1 + Math.max(0, ...below));
    }
    return floors.get(node)!;
  };
  return Math.max(0, ...[...condensed.keys()].map(floorOf));
}

export function countArrows(arrows: Arrows): number {
  return [...arrows.values()].reduce((sum, targets) => sum + targets.length, 0);
}
