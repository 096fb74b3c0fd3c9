import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StartError } from '../../../src/server/start-error.ts';
import { createSwarmKey, loadSwarmKey } from '../../../src/server/storage/swarm-key.ts';

function openDirectory(test: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-swarm-key-'));
  test.after(() => rmSync(directory, { recursive: true }));
  const warnings: string[] = [];
  return { directory, warnings, load: () => loadSwarmKey(directory, (message) => warnings.push(message)) };
}

test('the key of the swarm store is made once, for this user alone, and stays', (test) => {
  const { directory, warnings, load } = openDirectory(test);
  const key = load();
  assert.equal(key.length, 4);
  assert.notDeepEqual(key, createSwarmKey());
  assert.equal(statSync(join(directory, 'swarm-store.key')).mode & 0o777, 0o600);
  assert.deepEqual(load(), key);
  assert.deepEqual(warnings, []);
});

test('a damaged key of the swarm store is replaced, one that others could read is closed to them', (test) => {
  const { directory, warnings, load } = openDirectory(test);
  const path = join(directory, 'swarm-store.key');
  const key = load();
  chmodSync(path, 0o644);
  assert.deepEqual(load(), key);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  writeFileSync(path, 'short');
  assert.notDeepEqual(load(), key);
  assert.match(warnings.join('\n'), /could be read by others.*\n.*holds 5 bytes instead of 16/);
});

test('a directory that cannot be written is named', () => {
  assert.throws(() => loadSwarmKey('/proc/caracal', () => {}), StartError);
});
