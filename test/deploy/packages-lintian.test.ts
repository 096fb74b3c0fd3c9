// The .deb as Debian wants it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from '../system-tools.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { buildPackages } from './built-packages.ts';

test('the packages have no error for lintian', { skip: skipWithout('dpkg-deb', 'lintian') }, async () => {
  const files = await buildPackages(temporaryDirectory('lintian'), '--arch', 'amd64', '--format', 'deb');
  assert.equal(files.length, 2);
  // Both at once: it reads the runtime for half a minute.
  const look = (deb: string) =>
    promisify(execFile)('lintian', ['--fail-on', 'error', '--tag-display-limit', '0', deb]);
  for (const { stdout } of await Promise.all(files.map(look))) assert.doesNotMatch(stdout, /^E:/m);
});
