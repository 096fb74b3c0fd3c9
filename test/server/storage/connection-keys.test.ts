import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { StartError } from '../../../src/server/start-error.ts';
import { loadConnectionKeys } from '../../../src/server/storage/connection-keys.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-keys-'));
after(() => rmSync(root, { recursive: true }));

let directory = '';
let warnings: string[] = [];
let count = 0;
beforeEach(() => {
  directory = join(root, String(count++));
  mkdirSync(directory);
  warnings = [];
});

const now = () => Date.now() / 1000;
const load = (at = now()) => loadConnectionKeys(directory, at, (message) => warnings.push(message));
const keyFile = () => join(directory, 'connection-id.key');

test('keys are made once, mode 0600, and the same after a restart', () => {
  const first = load();
  assert.deepEqual([first.current.length, first.previous.length], [16, 16]);
  assert.notDeepEqual(first.current, first.previous);
  assert.equal(statSync(keyFile()).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['connection-id.key'], 'nothing else is left behind');
  assert.deepEqual(load(), first);
  assert.deepEqual(warnings, []);
});

test('a key older than a week becomes the previous one', () => {
  const first = load();
  const eightDays = 8 * 24 * 3600;
  utimesSync(keyFile(), now() - eightDays, now() - eightDays);
  const second = load();
  assert.deepEqual(second.previous, first.current);
  assert.notDeepEqual(second.current, first.current);
  assert.deepEqual(load(), second);
});

test('a damaged key file is replaced with a warning', () => {
  load();
  writeFileSync(keyFile(), 'short');
  const keys = load();
  assert.equal(keys.current.length, 16);
  assert.match(warnings.join(), /connection-id\.key holds 5 bytes instead of 32/);
  assert.deepEqual(readFileSync(keyFile()), Buffer.concat([keys.current, keys.previous]));
});

test('a key file that others can read is closed to them with a warning', () => {
  const keys = load();
  chmodSync(keyFile(), 0o644);
  assert.deepEqual(load(), keys);
  assert.equal(statSync(keyFile()).mode & 0o777, 0o600);
  assert.match(warnings.join(), /could be read by others/);
});

test('a directory that takes no file is a start error', () => {
  mkdirSync(keyFile());
  assert.throws(load, StartError);
});
