// The documents as one site: it builds from this checkout, every link in it leads somewhere, and it can be searched.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../temporary-directory.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { checkLinks } = (await import(join(root, 'scripts/site/check-links.mjs'))) as {
  checkLinks(built: string, base?: string): string[];
};
const { documentsOf } = (await import(join(root, 'scripts/site/stage-pages.mjs'))) as {
  documentsOf(root: string): string[];
};

test('npm run site builds every document, and its links are whole', (t) => {
  const script = join(root, 'scripts/site.mjs');
  const { status, stderr, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8', cwd: root });
  if (status !== 0 && /^npm error/m.test(stderr) && process.env.CI !== 'true')
    return t.skip('its generator cannot be installed');
  assert.equal(status, 0, stdout + stderr);
  const built = join(root, 'site/built');
  const first = readFileSync(join(built, 'index.html'), 'utf8');
  for (const path of documentsOf(root).filter((path) => path !== 'README.md')) {
    const page = path.replace(/md$/, 'html');
    assert.match(readFileSync(join(built, page), 'utf8'), /<h1/);
    assert.ok(first.includes(`href="/${page}"`), `${page} has its place in the list of pages`);
  }
  const index = readdirSync(join(built, 'assets/chunks')).find((name) => name.includes('localSearchIndex'));
  const words = readFileSync(join(built, 'assets/chunks', index!), 'utf8');
  assert.ok(words.includes('["takeover",'), 'a word of the documents can be searched for');
  return undefined;
});

test('a link to nowhere, an anchor that is not there and a missing picture are told of', () => {
  const built = temporaryDirectory('links');
  mkdirSync(join(built, 'docs'));
  writeFileSync(
    join(built, 'docs/a.html'),
    '<h2 id="here">x</h2><a href="./b.html">b</a><img src="../p.png">',
  );
  writeFileSync(
    join(built, 'index.html'),
    '<a href="docs/a.html#here">ok</a><a href="./docs/a.html#there">no</a><a href="https://example.net/x">far</a>' +
      '<a class="x" href="/docs/a">clean</a>',
  );
  assert.deepEqual(checkLinks(built), [
    '/docs/a.html: ../p.png leads nowhere',
    '/docs/a.html: ./b.html leads nowhere',
    '/index.html: ./docs/a.html#there names an anchor that is not there',
  ]);
});
