// What texts say of the tree is true: folders and files that ARCHITECTURE sends its reader to, subjects of the decisions, options.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { caracalProgram } from '../../src/caracal-program.ts';
import { queryProgram } from '../../src/query/command/query-program.ts';
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

/** What the texts say of other programs: Node.js, npm, Docker, acme.sh, esbuild, the installer, our scripts. */
const foreign =
  'arch cpu-prof enable-source-maps external flag format fullchain-file ignore-scripts inspect inspect-brk network only perf-basic-prof purge seed system';

test('no text of the programs, the alerts and the documents names an option that there is not', () => {
  const options = [caracalProgram, queryProgram].flatMap(({ options, commands }) => [
    ...options,
    ...commands.flatMap((command) => command.options),
  ]);
  const known = new Set([...options.map(({ long }) => long), ...foreign.split(' ')]);
  const texts: [path: string, named: RegExp][] = [];
  // In a text or a comment: two signs before a variable of the code have neither before them.
  for (const path of readdirSync(join(checkout, 'src'), { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.ts')) texts.push([join('src', path), /(?<=['"`/*].*)--([a-z][a-z0-9-]*[a-z0-9])/g]);
  // What was decided once may speak of what is no more.
  for (const page of readdirSync(join(checkout, 'docs')).filter((name) => name.endsWith('.md')))
    if (page !== 'decisions.md') texts.push([join('docs', page), /`(?:[a-z-]+ )?--([a-z][a-z0-9-]*)/g]);
  for (const page of ['README.md', 'ARCHITECTURE.md'])
    texts.push([page, /`(?:[a-z-]+ )?--([a-z][a-z0-9-]*)/g]);
  texts.push(['deploy/prometheus-rules.yml', / --([a-z][a-z0-9-]*)/g]);
  let count = 0;
  for (const [path, named] of texts) {
    for (const [, name] of read(path).matchAll(named)) {
      count++;
      assert.ok(known.has(name!), `${path}: --${name}`);
    }
  }
  assert.ok(count > 300, `${count} found`);
});
