// What permissions say on which system.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { flushDirectory, tooOpen } from '../../../src/server/storage/file-access.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

test('a file that others can read is too open, but where every file seems to be', () => {
  assert.equal(tooOpen(0o100644, 0o077, 'linux'), 0o044);
  assert.equal(tooOpen(0o100600, 0o077, 'darwin'), 0);
  assert.equal(tooOpen(0o100666, 0o077, 'win32'), 0);
});

test('a directory is flushed where the system opens directories', () => {
  const directory = temporaryDirectory('flush');
  flushDirectory(directory);
  const nowhere = join(directory, 'nowhere');
  assert.throws(() => flushDirectory(nowhere, 'linux'), /ENOENT/);
  flushDirectory(nowhere, 'win32');
});
