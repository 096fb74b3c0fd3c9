// Stacks of the programs, seen from outside: a process without Node's own source maps.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = new URL('../../src/', import.meta.url).href;

/** What a process prints that runs this code and fails. */
function outputOf(code: string): string {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const words = ['--input-type=module', '-e', code];
  return spawnSync(process.execPath, words, { env, encoding: 'utf8' }).stderr;
}

describe('a stack', () => {
  test('of a compiled file names the line of the TypeScript source', () => {
    const file = fileURLToPath(new URL('../../../src/query/report/report-json.ts', import.meta.url));
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = 1 + lines.findIndex((text) => text.includes("return 'torrents' in result"));
    assert.ok(line > 0);
    const output = outputOf(`
      await import('${src}cli/typescript-lines.js');
      const { resultObject } = await import('${src}query/report/report-json.js');
      resultObject(undefined);`);
    assert.match(output, new RegExp(`at resultObject .*/src/query/report/report-json\\.ts:${line}:`), output);
  });

  test('of code without a map stays as it is', () => {
    const output = outputOf(`await import('${src}cli/typescript-lines.js'); throw new TypeError('meant');`);
    assert.match(output, /TypeError: meant\n {4}at file:\/\/.*\[eval1\]:1:\d+/);
  });
});

for (const entry of [
  'server/main.ts',
  'server/listening/socket-worker.ts',
  'server/storage/snapshot-worker.ts',
  'query/main.ts',
]) {
  test(`${entry} sees to it`, () => {
    const text = readFileSync(fileURLToPath(new URL(`../../../src/${entry}`, import.meta.url)), 'utf8');
    assert.match(text, /^import '(\.\.\/)+cli\/typescript-lines\.ts';$/m);
  });
}
