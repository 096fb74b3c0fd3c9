// What signals stand for on which system.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meaningOf, signalRules } from '../../../src/server/life/signal-rules.ts';

test('SIGHUP reloads, and ends a tracker whose terminal is gone or whose console is being closed', () => {
  const [there, gone] = [() => false, () => true];
  assert.equal(meaningOf('SIGHUP', there, 'linux'), 'SIGHUP');
  assert.equal(meaningOf('SIGHUP', there, 'darwin'), 'SIGHUP');
  assert.equal(meaningOf('SIGHUP', gone, 'linux'), 'SIGTERM');
  assert.equal(meaningOf('SIGHUP', there, 'win32'), 'SIGTERM');
  assert.equal(meaningOf('SIGUSR2', gone, 'linux'), 'SIGUSR2');
});

test("Ctrl-Break of Windows' console ends it as Ctrl-C does", () => {
  assert.deepEqual(signalRules.SIGBREAK, signalRules.SIGINT);
});
