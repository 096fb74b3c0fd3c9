import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checkout } from '../deploy/built-packages.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

interface TestReport {
  failed: { file: string; name: string; error: string }[];
  times: { file: string; milliseconds: number }[];
}
const reporter = `${checkout}scripts/test-report.mjs`;
const { readTestReport } = (await import(pathToFileURL(reporter).href)) as {
  readTestReport(file: string): TestReport;
};

test('the report names each test that failed, within its suites, with its error, and the time of each file', () => {
  const directory = temporaryDirectory('report');
  const file = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const tested = file(
    'a.test.mjs',
    `import { describe, it } from 'node:test';
    describe('outer', () => {
      it('passes', () => {});
      describe('inner', () => it('breaks', () => { throw new Error('why'); }));
      it('is left for later', { todo: true }, () => { throw new Error('not yet'); });
    });`,
  );
  const gone = file('b.test.mjs', 'process.exit(3);');
  const report = join(directory, 'report');
  // Without this variable of the runner around this test, the inner runner would take itself for a test of it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status } = spawnSync(
    process.execPath,
    ['--test', `--test-reporter=${reporter}`, `--test-reporter-destination=${report}`, tested, gone],
    { env },
  );
  assert.equal(status, 1);

  const { failed, times } = readTestReport(report);
  assert.deepEqual(
    failed.map(({ file, name }) => [file, name]),
    [
      [tested, 'outer › inner › breaks'],
      [gone, gone],
    ],
  );
  assert.match(failed[0]?.error ?? '', /^Error: why\n.*a\.test\.mjs:4:/);
  assert.doesNotMatch(failed[0]?.error ?? '', /node:internal/);
  assert.deepEqual(times.map(({ file }) => file).sort(), [tested, gone]);
});
