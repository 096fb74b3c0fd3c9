// Where a node that comes back reads on: never behind what its snapshot holds, rather before.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ListRecordFile } from '../../../src/server/cluster/list-record-file.ts';
import { PositionFile } from '../../../src/server/cluster/position-file.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

const at = (second: number) => 1_700_000_000 + second;

test('it is where the row was two seconds before the snapshot was begun', () => {
  const directory = temporaryDirectory('position');
  const file = new PositionFile(directory);
  assert.equal(file.read(), undefined);
  for (let second = 0; second < 100; second++) file.pass(`${second}-0`, at(second) * 1000);
  file.noteSaved(at(50), 10_000);
  assert.equal(file.read(), '38-0');
  // The same snapshot again.
  file.pass('100-0', at(100) * 1000);
  file.noteSaved(at(50), 10_000);
  assert.equal(file.read(), '38-0');
  file.noteSaved(at(90), 0);
  assert.equal(new PositionFile(directory).read(), '88-0');
  file.noteEnd('200-7');
  assert.equal(new PositionFile(directory).read(), '200-7');
  assert.equal(statSync(join(directory, 'cluster.position')).mode & 0o077, 0);
});

test('of a snapshot that was begun before anything was read nothing is said', () => {
  const directory = temporaryDirectory('position');
  const file = new PositionFile(directory);
  file.pass('5-0', at(10) * 1000);
  file.noteSaved(at(11), 500);
  assert.equal(file.read(), undefined);
});

test('how much it remembers is bounded', () => {
  const directory = temporaryDirectory('position');
  const file = new PositionFile(directory);
  for (let second = 0; second < 3000; second++) file.pass(`${second}-0`, at(second) * 1000);
  file.noteSaved(at(1500), 0);
  assert.equal(file.read(), undefined, 'too long ago');
  file.noteSaved(at(2500), 0);
  assert.equal(file.read(), '2498-0');
});

test('what is damaged counts as nothing, and what cannot be written leaves nothing that is wrong', () => {
  const directory = temporaryDirectory('position');
  const path = join(directory, 'cluster.position');
  for (const text of ['', '\n', 'two words\n', 'x'.repeat(200), '5-0\0']) {
    writeFileSync(path, text);
    assert.equal(new PositionFile(directory).read(), undefined, JSON.stringify(text));
  }
  rmSync(directory, { recursive: true });
  new PositionFile(directory).noteEnd('1-0');
  mkdirSync(directory);
  assert.equal(new PositionFile(directory).read(), undefined);
});

test('the record of what is refused is kept as it is, for this user alone', () => {
  const directory = temporaryDirectory('lists');
  const file = new ListRecordFile(directory);
  assert.equal(file.read(), undefined);
  file.write('{"version":1,"said":[]}');
  assert.equal(new ListRecordFile(directory).read(), '{"version":1,"said":[]}');
  assert.equal(readFileSync(join(directory, 'cluster.lists'), 'utf8'), '{"version":1,"said":[]}');
  assert.equal(statSync(join(directory, 'cluster.lists')).mode & 0o077, 0);
});
