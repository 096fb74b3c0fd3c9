// One of anything is no plural.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount } from '../../src/cli/format-count.ts';

test('one is singular, none and several are plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => formatCount(count, 'peer')),
    ['0 peers', '1 peer', '2 peers'],
  );
  assert.equal(formatCount(1, 'info_hash', 'info_hashes'), '1 info_hash');
  assert.equal(formatCount(3, 'info_hash', 'info_hashes'), '3 info_hashes');
});
