// The library's interface is described whole: shapes, units, ranges and errors of everything that it exports.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('everything that is exported has a description, and names nothing that is not exported', () => {
  const script = fileURLToPath(new URL('../../../scripts/docs.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});
