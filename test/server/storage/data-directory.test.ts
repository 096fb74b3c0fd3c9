import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { StartError } from '../../../src/server/start-error.ts';
import { checkDataDirectory, openDataDirectory } from '../../../src/server/storage/data-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-data-'));
after(() => rmSync(root, { recursive: true }));

test('a missing data directory is made for its owner alone, and only when the tracker starts', () => {
  const path = join(root, 'data');
  const quiet = () => assert.fail();
  checkDataDirectory(path, quiet);
  assert.equal(existsSync(path), false);
  openDataDirectory(path, quiet);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  openDataDirectory(path, quiet);
});

test('a file, or a directory below a missing one, is refused by start and check alike', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(root, 'missing', 'data'), join(file, 'data')]) {
    for (const attempt of [openDataDirectory, checkDataDirectory]) {
      assert.throws(
        () => attempt(path, () => {}),
        (error: Error) => {
          assert.ok(error instanceof StartError);
          assert.ok(error.message.startsWith(`--data-dir ${path} cannot be written: `), error.message);
          return true;
        },
      );
    }
  }
});
