// Memory that the kernel writes to must survive a garbage collector under pressure; a child forces collections.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fastPath } from './fast-path.ts';

test('thousands of datagrams are received and answered whole while garbage is collected', fastPath, () => {
  const program = fileURLToPath(new URL('gc-echo.js', import.meta.url));
  const child = spawnSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(child.status, 0, child.stderr);
  const result = JSON.parse(child.stdout) as { answered: number; damaged: number; collections: number };
  assert.deepEqual(result, { answered: 6400, damaged: 0, collections: 100 });
});
