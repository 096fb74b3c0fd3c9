// The commands that ask a running tracker, before they ask.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlCommands, namesControl, runControl } from '../../../src/server/operators/control.ts';
import { serverProgram } from '../../../src/server/operators/server-program.ts';
import { readFlags } from '../../../src/server/options/read-flags.ts';

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

test('a mistyped --json is answered with it, another option with the one that was meant', async () => {
  const told = async (words: string[], expected: RegExp) =>
    assert.rejects(runControl(words, {}), expected, words.join(' '));
  for (const word of ['--jsn', '--jason', '-json', '--json=1', '--JSON']) {
    await told(['status', word], /^UsageError: unknown option '.*' \(did you mean --json\?\)$/);
  }
  await told(['top', 'json'], /^UsageError: unexpected word 'json' \(did you mean --json\?\)$/);
  await told(['denied', '--data-dri', '/x'], /did you mean --data-dir\?/);
});

test('the help of --admin-socket and the end of the help name every command', () => {
  const { help } = serverProgram.options.find(({ long }) => long === 'admin-socket')!;
  const { print } = readFlags(['--help']);
  const end = print?.slice(print.indexOf('A running tracker is asked')) ?? '';
  for (const name of Object.keys(controlCommands)) {
    assert.match(help, new RegExp(`\\b${name}\\b`));
    assert.match(end, new RegExp(`\\b${name}\\b`));
  }
});
