import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemCallError } from '../../src/net/system-call-error.ts';
import { sendUnixDatagram } from '../../src/net/unix-datagram.ts';
import { calls, fastPath } from './fast-path.ts';
import { openUnixReceiver } from './unix-receiver.ts';

for (const abstract of [false, true]) {
  const where = abstract ? 'in the abstract namespace' : 'in the file system';
  test(`a datagram reaches a socket ${where} whole`, fastPath, (test) => {
    const receiver = openUnixReceiver(test, abstract);
    sendUnixDatagram(calls, receiver.path, 'READY=1\nSTATUS=läuft');
    sendUnixDatagram(calls, receiver.path, 'WATCHDOG=1');
    assert.deepEqual(receiver.received(), ['READY=1\nSTATUS=läuft', 'WATCHDOG=1']);
  });
}

test('a datagram to nobody is an error that names the path', fastPath, () => {
  const refused = (error: unknown) =>
    error instanceof SystemCallError &&
    error.code === 'ENOENT' &&
    error.message.includes('/nonexistent/notify');
  assert.throws(() => sendUnixDatagram(calls, '/nonexistent/notify', 'READY=1'), refused);
});

test('a receiver that does not read never makes the sender wait', fastPath, (test) => {
  const receiver = openUnixReceiver(test);
  const sendMany = () => {
    for (let i = 0; i < 10_000; i++) sendUnixDatagram(calls, receiver.path, 'WATCHDOG=1');
  };
  assert.throws(sendMany, (error) => error instanceof SystemCallError && error.code === 'EAGAIN');
});

test('a path longer than a socket can have is refused', fastPath, () => {
  assert.throws(() => sendUnixDatagram(calls, `/${'x'.repeat(107)}`, 'READY=1'), RangeError);
});
