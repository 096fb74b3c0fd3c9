// The developer's page: every program in it runs, ends by itself and prints what it says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTracker } from '../../src/library/index.ts';
import { namedOptions } from '../../src/library/read-options.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = ['docs/library.md', 'README.md'].map((name) => ({
  name,
  text: readFileSync(root + name, 'utf8'),
}));
const [{ text: page }] = pages;

const directory = temporaryDirectory('library-page');
mkdirSync(join(directory, 'node_modules'));
symlinkSync(root, join(directory, 'node_modules', 'caracal'));

for (const { name, text } of pages) {
  for (const [number, [, program]] of [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].entries()) {
    test(`program ${number + 1} of ${name} runs, ends, and prints what it says`, () => {
      const path = join(directory, `${number}.mjs`);
      // Somebody may have that port.
      writeFileSync(path, program.replaceAll('8000', '0'));
      const { status, stdout, stderr } = spawnSync(process.execPath, [path], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
      for (const [, said] of program.matchAll(/console\.log\(.*\); \/\/ ([^\n…{]*)/g)) {
        const expected = said.trim().replace(/:\d{5}\/announce.*/, '');
        assert.ok(stdout.includes(expected), `${expected} is not in ${stdout}`);
      }
    });
  }
}

test('there are programs, and the page names what there is', () => {
  assert.ok(page.split('```js').length > 6);
  const tracker = createTracker();
  const methods = ['listen', 'close', 'announce', 'scrape', 'swarm', 'stats', 'handleHttp', 'handleUpgrade'];
  for (const name of methods) {
    assert.ok(name in tracker);
    assert.match(page, new RegExp(`\\b${name}\\(`), name);
  }
  for (const [, example] of page.matchAll(/\(\.\.\/(examples\/[^)]+)\)/g)) readFileSync(root + example);
  const [, table] = /\| option \| here \|\n([\s\S]*?)\n\n/.exec(page)!;
  const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)`/g)]);
  const others = ['log', 'filter', 'filterTtl', 'takeover', 'config', 'check', 'logFormat'];
  for (const [, name] of named) assert.ok(namedOptions.has(name) || others.includes(name), name);
});
