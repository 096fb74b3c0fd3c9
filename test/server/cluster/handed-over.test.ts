// Where a process has read up to reaches the one that takes its place, once, and nobody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PositionFile } from '../../../src/server/cluster/position-file.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

test('a position is handed over once, and stands beside the one of the swarms on disk', () => {
  const directory = temporaryDirectory('position');
  const [old, successor] = [new PositionFile(directory), new PositionFile(directory)];
  old.noteEnd('1-1');
  old.handOver('2-7');
  assert.equal(successor.takeHandedOver(), '2-7');
  assert.equal(successor.takeHandedOver(), undefined);
  assert.equal(successor.read(), '1-1');
});

test('a takeover that came to nothing leaves no position to the next start', () => {
  const directory = temporaryDirectory('position');
  new PositionFile(directory).handOver('2-7');
  assert.equal(new PositionFile(directory).takeHandedOver(), undefined);
});
