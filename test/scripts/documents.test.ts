// What the documents say of the tree is true: folders and files that ARCHITECTURE sends its reader to, subjects of the decisions.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../deploy/built-packages.ts';

const read = (path: string) => readFileSync(join(checkout, path), 'utf8');
const quoted = (text: string) => [...text.matchAll(/`([^`\s]+)`/g)].map(([, word]) => word);

test('each row of "To change …" leads to a folder, and begins with files that are in it', () => {
  const [, table] = read('ARCHITECTURE.md').split('## To change …');
  const rows = table!.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what |'));
  assert.ok(rows.length > 40, `${rows.length} rows`);
  for (const row of rows) {
    const [, what, where, files] = row.split('|').map((cell) => cell.trim());
    const folders = quoted(where!).map((folder) => join(checkout, 'src', folder.replace(/^src\/$/, '')));
    for (const folder of folders.filter((folder) => !folder.endsWith('NAME/')))
      assert.ok(
        statSync(folder, { throwIfNoEntry: false })?.isDirectory(),
        `${what}: ${folder} is no folder`,
      );
    const named = quoted(files!).filter((word) => /\.ts$/.test(word) && !/[…*]/.test(word));
    const nearest = folders.map((folder) => folder.replace(/NAME\/$/, 'udp'));
    for (const file of named) {
      const places = [
        ...nearest,
        ...nearest.map((folder) => join(folder, '..')),
        join(checkout, 'src'),
        checkout,
      ];
      assert.ok(
        places.some((place) => existsSync(join(place, file))),
        `${what}: ${file} is not there`,
      );
    }
  }
});

test('the contents of the decisions name every subject, and each paragraph has a date', () => {
  const page = read('docs/decisions.md');
  const contents = [...page.matchAll(/^- \[(.+)\]\(#.+\)$/gm)].map(([, title]) => title);
  assert.deepEqual(
    contents,
    [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title),
  );
  for (const [, start] of page.matchAll(/^(\*\*.*)$/gm))
    assert.match(start!, /^\*\*2\d{3}-\d\d-\d\d, /, 'a paragraph begins with its date');
});
