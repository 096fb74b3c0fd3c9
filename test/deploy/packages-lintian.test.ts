// The .deb as Debian wants it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from '../system-tools.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { buildPackages } from './built-packages.ts';

test('the packages have no error for lintian', { skip: skipWithout('dpkg-deb', 'lintian') }, async () => {
  const files = await buildPackages(temporaryDirectory('lintian'), '--arch', 'amd64', '--format', 'deb');
  assert.equal(files.length, 2);
  // Node itself is as its publishers compiled it, and its code takes lintian longer to read than all the rest.
  const unread = 'binaries,binaries/hardening,binaries/spelling,binaries/static,libraries/embedded';
  const look = (deb: string) => {
    const words = ['--fail-on', 'error', '--tag-display-limit', '0'];
    if (basename(deb).startsWith('caracal-node_')) words.push('--dont-check-part', unread);
    return promisify(execFile)('lintian', [...words, deb]);
  };
  for (const { stdout } of await Promise.all(files.map(look))) assert.doesNotMatch(stdout, /^E:/m);
});
