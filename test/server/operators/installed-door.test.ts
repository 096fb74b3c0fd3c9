// How the commands find a tracker that was installed, without being told where it is.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedDoor } from '../../../src/server/operators/installed-door.ts';

test('the socket of an installation is found, and nothing else is taken for it', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'caracal-door-'));
  t.after(() => rmSync(root, { recursive: true }));
  assert.equal(installedDoor(root), undefined);
  const data = join(root, 'var/lib/tracker');
  mkdirSync(data, { recursive: true });
  const path = join(data, 'admin.sock');
  writeFileSync(path, '');
  assert.equal(installedDoor(root), undefined);
  rmSync(path);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  assert.equal(installedDoor(root), path);
});
