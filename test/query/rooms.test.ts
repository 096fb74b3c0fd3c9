// Holds that the rooms of tracker-query form no circle: which room imports which is an order.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../../src/query/', import.meta.url));

/** Each import of one of tracker-query's files by another, as paths within src/query. */
function imports(): [from: string, to: string][] {
  const files = readdirSync(src, { recursive: true }).map(String);
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      const targets = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, target]) => join(file, '..', target));
      return targets.filter((to) => !to.startsWith('..')).map((to): [string, string] => [file, to]);
    });
}

/** A circle among the edges, as the names on its way; undefined when there is none. */
function circleIn(edges: [string, string][]): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, way: string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const [from, to] of edges) {
      const found = from === name ? visit(to, [...way, name]) : undefined;
      if (found) return found;
    }
    done.add(name);
    return undefined;
  };
  for (const [from] of edges) {
    const found = visit(from, []);
    if (found) return found;
  }
  return undefined;
}

test('no file imports itself through others', () => {
  const edges = imports();
  assert.ok(edges.length > 100, `only ${edges.length} imports found`);
  assert.equal(circleIn(edges)?.join(' → '), undefined);
});

test('no room imports itself through others', () => {
  const roomOf = (file: string) => (file.includes('/') ? file.split('/')[0] : 'the program');
  const edges = imports()
    .map(([from, to]): [string, string] => [roomOf(from), roomOf(to)])
    .filter(([from, to]) => from !== to);
  assert.equal(circleIn(edges)?.join(' → '), undefined);
});
