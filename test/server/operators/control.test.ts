// The commands that ask a running tracker, before they ask.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesControl, runControl } from '../../../src/server/operators/control.ts';

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

test('deny takes an info_hash or a network, drop an info_hash only', async () => {
  const nowhere = ['--admin-socket', '/nowhere/admin.sock'];
  for (const words of [
    ['deny', '192.0.2.0/24'],
    ['deny', '00'.repeat(20)],
    ['deny'],
    ['denied'],
    ['undeny', '2001:db8::/32'],
  ]) {
    await assert.rejects(runControl([...words, ...nowhere], {}), /^StartError: .*nowhere/, words.join(' '));
  }
  for (const words of [['undeny'], ['deny', 'x'], ['drop', '192.0.2.0/24']]) {
    await assert.rejects(
      runControl([...words, ...nowhere], {}),
      /^UsageError: .*needs an info_hash/,
      words.join(' '),
    );
  }
});
