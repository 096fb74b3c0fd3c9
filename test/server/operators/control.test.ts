// The commands that ask a running tracker, before they ask.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesControl } from '../../../src/server/operators/control.ts';

test('a mistyped command is answered with the one that was meant', () => {
  assert.throws(
    () => namesControl(['stauts', '--data-dir', '/x']),
    /^UsageError: unknown command 'stauts' \(did you mean status\?\)$/,
  );
  assert.throws(() => namesControl(['start']), /^UsageError: unexpected word 'start'$/);
});

test('what begins with an option is no command', () => {
  assert.equal(namesControl(['--verbose']), false);
  assert.equal(namesControl([]), false);
  assert.equal(namesControl(['status']), true);
});
