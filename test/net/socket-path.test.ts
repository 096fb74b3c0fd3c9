// How sockets of the file system are named on each system.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPipe, shortSocketPath } from '../../src/net/socket-path.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

test('on Windows a socket is a pipe, the same for every way to write its path', () => {
  const { path } = shortSocketPath('C:\\Caracal\\data\\admin.sock', 'win32');
  assert.match(path, /^\\\\\.\\pipe\\caracal-[0-9a-f]{32}$/);
  assert.ok(isPipe(path));
  for (const same of ['c:\\caracal\\DATA\\admin.sock', 'C:/Caracal/data/./admin.sock'])
    assert.equal(shortSocketPath(same, 'win32').path, path);
  assert.notEqual(shortSocketPath('C:\\Caracal\\other\\admin.sock', 'win32').path, path);
  assert.equal(shortSocketPath('\\\\.\\pipe\\mine', 'win32').path, '\\\\.\\pipe\\mine');
  assert.equal(isPipe('/run/tracker/admin.sock'), false);
});

test('on macOS a path of 103 bytes is a name, and a longer one is refused', () => {
  const fits = `/${'a'.repeat(102)}`;
  assert.equal(shortSocketPath(fits, 'darwin').path, fits);
  assert.throws(() => shortSocketPath(`${fits}b`, 'darwin'), /too long here \(at most 103 bytes\)/);
});

test('on Linux a longer one is named through its directory', () => {
  const directory = join(temporaryDirectory('sockets'), 'a'.repeat(110));
  mkdirSync(directory);
  const { path, release } = shortSocketPath(join(directory, 'admin.sock'), 'linux');
  assert.match(path, /^\/proc\/self\/fd\/\d+\/admin\.sock$/);
  release();
});
