// What whoever changes a line rests on: dist follows the sources, and `npm test` takes words and flags.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../program.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The compiler sees no changes in a directory that lies straight in /tmp. */
const checkout = join(temporaryDirectory('loop'), 'checkout');

/** Below `node --test` a run of tests would take itself for a part of this one. */
const outsideOfTests = { NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined };

/** A checkout with two sources and a test, which compiles in a second. */
before(() => {
  for (const path of [
    'scripts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'src/admin/page/tsconfig.json',
  ])
    cpSync(join(root, path), join(checkout, path), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'typescript') symlink(join('node_modules', name));
  // The compiler, which also writes down for which project it was called.
  write('node_modules/typescript/package.json', '{ "type": "module" }');
  write(
    'node_modules/typescript/bin/tsc',
    `import { appendFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(join(checkout, 'compiled'))}, process.argv.at(-1) + '\\n');
await import(${JSON.stringify(join(root, 'node_modules/typescript/lib/tsc.js'))});`,
  );
  write('src/admin/page/titles.d.ts', 'export const subtitle: string;');
  write('src/admin/far.ts', 'export const far = 1;');
  write(
    'src/admin/page/page.ts',
    `import { far } from '../far.ts';
import { subtitle } from './titles.js';
export const title: string = document.title + subtitle + far;`,
  );
  write('src/admin/page/index.html', '<title>page</title>');
  write('src/kept.ts', 'export const kept = 1;');
  write('src/moved.ts', 'export const moved = 1;');
  write(
    'test/sums.test.ts',
    `import { test } from 'node:test';
test('one and one', () => {});
test('a stack names the source', () => {
  throw new Error('meant');
});`,
  );
});

function write(path: string, text: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), `${text}\n`);
}

function symlink(path: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  symlinkSync(join(root, path), join(checkout, path));
}

/** Builds, and says which projects that compiled. */
function projectsCompiled(): string[] {
  rmSync(join(checkout, 'compiled'), { force: true });
  build();
  if (!existsSync(join(checkout, 'compiled'))) return [];
  const projects = readFileSync(join(checkout, 'compiled'), 'utf8').trim().split('\n');
  return projects.map((project) => (project.endsWith('page') ? 'page' : 'all')).sort();
}

function node(...words: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: checkout,
    env: { ...process.env, ...outsideOfTests },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

function build(): void {
  const { status, output } = node('scripts/bootstrap.mjs');
  assert.equal(status, 0, output);
}

const there = (path: string) => existsSync(join(checkout, 'dist', path));

describe('the loop', { concurrency: false }, () => {
  test('what a source that is gone left in dist goes too, and the rest is not compiled anew', () => {
    build();
    assert.ok(there('src/moved.js') && there('src/moved.js.map') && there('src/admin/page/index.html'));
    const kept = join(checkout, 'dist/src/kept.js');
    writeFileSync(kept, `${readFileSync(kept, 'utf8')}// as it was\n`);
    rmSync(join(checkout, 'src/moved.ts'));
    rmSync(join(checkout, 'src/admin/page/index.html'));
    write('src/new/moved.ts', 'export const moved = 2;');
    build();
    assert.ok(!there('src/moved.js') && !there('src/moved.js.map') && !there('src/admin/page/index.html'));
    assert.match(readFileSync(join(checkout, 'dist/src/new/moved.js'), 'utf8'), /moved = 2/);
    assert.match(readFileSync(kept, 'utf8'), /as it was/);
  });

  test('an output that somebody removed comes back with the next build', () => {
    rmSync(join(checkout, 'dist/src/kept.js'));
    write('src/new/moved.ts', 'export const moved = 3;');
    build();
    assert.ok(there('src/kept.js'));
    assert.match(readFileSync(join(checkout, 'dist/src/new/moved.js'), 'utf8'), /moved = 3/);
  });

  test('an error of types ends the build, every time until it is mended', () => {
    write('src/new/moved.ts', 'export const moved: string = 4;');
    for (const _ of [1, 2]) {
      const { status, output } = node('scripts/bootstrap.mjs');
      assert.notEqual(status, 0);
      assert.match(output, /src\/new\/moved\.ts/);
    }
    write('src/new/moved.ts', 'export const moved = 4;');
    build();
  });

  test('a project is compiled when a file that it read changed, and no other', () => {
    write('src/admin/page/index.html', '<title>page</title>');
    build();
    assert.deepEqual(projectsCompiled(), []);
    write('src/kept.ts', 'export const kept = 2;');
    assert.deepEqual(projectsCompiled(), ['all']);
    write('src/admin/page/index.html', '<title>other</title>');
    assert.deepEqual(projectsCompiled(), ['page']);
    assert.match(readFileSync(join(checkout, 'dist/src/admin/page/index.html'), 'utf8'), /other/);
    write('src/admin/page/page.ts', 'export const title = document.title;');
    assert.deepEqual(projectsCompiled(), ['page']);
    write(
      'src/admin/page/page.ts',
      `import { far } from '../far.ts';
export const title = document.title + far;`,
    );
    assert.deepEqual(projectsCompiled(), ['page']);
    write('src/admin/far.ts', 'export const far = 2;');
    assert.deepEqual(projectsCompiled(), ['all', 'page']);
  });

  test('settings that changed, sources that come or go and outputs that are gone have all compiled', () => {
    const both = ['all', 'page'];
    for (const settings of ['tsconfig.json', 'src/admin/page/tsconfig.json', 'package.json']) {
      write(settings, readFileSync(join(checkout, settings), 'utf8'));
      assert.deepEqual(projectsCompiled(), both, settings);
    }
    write('src/come.ts', 'export const come = 1;');
    assert.deepEqual(projectsCompiled(), both);
    rmSync(join(checkout, 'src/come.ts'));
    assert.deepEqual(projectsCompiled(), both);
    for (const output of ['src/kept.js', 'src/kept.js.map', 'src/admin/page/page.js']) {
      rmSync(join(checkout, 'dist', output));
      assert.deepEqual(projectsCompiled(), both, output);
      assert.ok(there(output));
    }
    rmSync(join(checkout, 'dist/.tsbuildinfo-page'));
    assert.deepEqual(projectsCompiled(), ['page']);
    assert.deepEqual(projectsCompiled(), []);
  });

  test('words choose the files, flags go to Node, and a stack names the TypeScript line', () => {
    const all = node('scripts/test.mjs', 'sums');
    assert.equal(all.status, 1);
    assert.match(all.output, /test\/sums\.test\.ts:4:9/);
    const one = node('scripts/test.mjs', 'sums', '--test-name-pattern', 'one and one');
    assert.equal(one.status, 0, one.output);
    assert.equal(node('scripts/test.mjs', 'nothing-like-it').status, 2);
  });

  test('--watch runs a test again when its source changes, and ends when it is told to', async () => {
    const source = join(checkout, 'test/sums.test.ts');
    const words = ['scripts/test.mjs', 'sums', '--watch', '--test-name-pattern=one and'];
    const program = startProgram(process.execPath, words, { cwd: checkout, env: outsideOfTests });
    let again: NodeJS.Timeout | undefined;
    try {
      await program.printed(/^ *ok \d+ - one and one$/m);
      // The compiler begins to watch a moment later, which nobody but a program is fast enough to meet.
      const changed = readFileSync(source, 'utf8').replace('one and one', 'one and two');
      again = setInterval(() => writeFileSync(source, changed), 3000);
      await program.printed(/^ *ok \d+ - one and two$/m);
    } finally {
      clearInterval(again);
      program.signal('SIGTERM');
      await program.exit();
    }
  });
});
