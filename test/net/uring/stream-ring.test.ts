// Checks what a StreamRing promises, over socket pairs: bytes come and go in order, nothing is lost when a reception ends, buffers come back.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AF_UNIX, errno, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_STREAM } from '../../../src/net/layouts.ts';
import { PinnedMemory } from '../../../src/net/pinned-memory.ts';
import { SystemCallError } from '../../../src/net/system-call-error.ts';
import {
  receiveBufferBytes,
  receiveBuffers,
  StreamRing,
  submissions,
} from '../../../src/net/uring/stream-ring.ts';
import { explainNoUring, whyNoUring } from '../../../src/net/uring/uring-trial.ts';
import { calls, fastPath } from '../fast-path.ts';

const no = fastPath.skip || (whyNoUring(calls) ?? false);
if (no !== false && process.env.CI === 'true') throw new Error(`io_uring must be tested here: ${no}`);
const here = { skip: no };

function open(t: TestContext) {
  const outputBytes = 1 << 20;
  const memory = new PinnedMemory(calls, receiveBuffers * receiveBufferBytes + outputBytes + 256);
  const buffers = memory.take(receiveBuffers * receiveBufferBytes);
  const output = memory.take(outputBytes);
  const scratch = memory.take(8);
  const unsent: [number, number][] = [];
  const ring = new StreamRing(calls, buffers.address, output.address, (index, sent) =>
    unsent.push([index, sent]),
  );
  const open: number[] = [];
  const receptions = new Map<number, number>();
  t.after(() => {
    for (const [fd, reception] of receptions) ring.end(fd, reception, () => {});
    ring.close();
    for (const fd of open) calls.close(fd);
    memory.release();
  });
  return {
    ring,
    unsent,
    output,
    receive(fd: number) {
      const reception = ring.receive(fd);
      receptions.set(fd, reception);
      return reception;
    },
    /** Ends what `receive` began: the text that had come. */
    end(fd: number): string {
      let text = '';
      const reception = receptions.get(fd)!;
      receptions.delete(fd);
      ring.end(fd, reception, (at, end) => {
        text += Buffer.from(buffers.bytes.subarray(at, end)).toString('latin1');
      });
      return text;
    },
    pair(): [number, number] {
      assert.equal(calls.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, scratch.address), 0);
      const [one, other] = scratch.words;
      open.push(one, other);
      return [one, other];
    },
    /** Into the socket, past the ring. */
    write(fd: number, text: string): void {
      output.bytes.set(Buffer.from(text, 'latin1'));
      assert.equal(calls.send(fd, output.address, text.length, MSG_DONTWAIT), text.length);
    },
    /** All that has come, by descriptor; a reception that ended is noted by its last count. */
    fetch(): { texts: Map<number, string>; ended: Map<number, number> } {
      const texts = new Map<number, string>();
      const ended = new Map<number, number>();
      ring.fetch();
      while (ring.next()) {
        const { from, count, at } = ring;
        if (count > 0) {
          const text = Buffer.from(buffers.bytes.subarray(at, at + count)).toString('latin1');
          texts.set(from, (texts.get(from) ?? '') + text);
        }
        if (ring.isLast) {
          ended.set(from, count);
          receptions.delete(from);
        }
        ring.giveBack();
      }
      return { texts, ended };
    },
  };
}

test('what many sockets are sent comes, and what they send leaves with one call', here, (t) => {
  const { ring, unsent, output, receive, pair, write, fetch } = open(t);
  const pairs = Array.from({ length: 10 }, pair);
  for (const [near] of pairs) receive(near);
  ring.submit();
  for (const [i, [, far]] of pairs.entries()) write(far, `question ${i}`);
  const { texts } = fetch();
  assert.deepEqual(
    pairs.map(([near]) => texts.get(near)),
    pairs.map((_, i) => `question ${i}`),
  );
  for (const [i, [near]] of pairs.entries()) {
    output.bytes.set(Buffer.from(`answer ${i}`), i * 64);
    ring.send(near, i * 64, i * 64 + 8, i);
  }
  ring.submit();
  assert.deepEqual(unsent, []);
  output.bytes.fill(0);
  for (const [i, [, far]] of pairs.entries()) {
    assert.equal(calls.recv(far, output.address, 100, MSG_DONTWAIT), 8);
    assert.equal(Buffer.from(output.bytes.subarray(0, 8)).toString(), `answer ${i}`);
  }
});

test('a send that the socket has no room for is told of, with how much of it left', here, (t) => {
  const { ring, unsent, output, pair } = open(t);
  const [near, far] = pair();
  const length = output.bytes.length;
  ring.send(near, 0, length, 7);
  ring.submit();
  assert.equal(unsent.length, 1);
  const [[index, sent]] = unsent;
  assert.equal(index, 7);
  assert.ok(sent >= 0 && sent < length, String(sent));
  let came = 0;
  for (let count = 1; count > 0; came += Math.max(count, 0))
    count = calls.recv(far, output.address, length, MSG_DONTWAIT);
  assert.equal(came, sent);
  // And to somebody who has gone nothing leaves.
  calls.shutdown(far, 2);
  ring.send(near, 0, 8, 9);
  ring.submit();
  assert.deepEqual(unsent[1], [9, 0]);
});

test('ending a reception gives what had come, and what comes later stays in the socket', here, (t) => {
  const { ring, output, receive, end, pair, write } = open(t);
  const [near, far] = pair();
  receive(near);
  ring.submit();
  // Some is taken by the kernel, some only waits in the socket, and all of it may be.
  write(far, 'first ');
  ring.fetch();
  write(far, 'second');
  const taken = end(near);
  const left = calls.recv(near, output.address, 100, MSG_DONTWAIT);
  const rest = left > 0 ? Buffer.from(output.bytes.subarray(0, left)).toString() : '';
  assert.equal(taken + rest, 'first second');
  assert.ok(taken.startsWith('first '));
  write(far, 'third');
  ring.fetch();
  assert.equal(ring.next(), false);
  assert.equal(calls.recv(near, output.address, 100, MSG_DONTWAIT), 5);
});

test('a reception that was not even submitted can be ended', here, (t) => {
  const { receive, end, pair, write } = open(t);
  const [near, far] = pair();
  write(far, 'hello');
  receive(near);
  assert.ok(['', 'hello'].includes(end(near)));
});

test('a new reception of the same descriptor is not taken for the former', here, (t) => {
  const { ring, receive, end, pair, write, fetch } = open(t);
  const [near, far] = pair();
  const first = receive(near);
  ring.submit();
  write(far, 'old');
  ring.fetch();
  assert.equal(end(near), 'old');
  const second = receive(near);
  assert.notEqual(first, second);
  write(far, 'new');
  assert.equal(fetch().texts.get(near), 'new');
});

test('when all buffers are full receptions end, nothing is lost, and they begin again', here, (t) => {
  const { ring, receive, pair, write, fetch } = open(t);
  const sockets = receiveBuffers + 100;
  const texts = new Map<number, string>();
  const sent = new Map<number, string>();
  for (let i = 0; i < sockets; i++) {
    const [near, far] = pair();
    write(far, `from ${i}`);
    sent.set(near, `from ${i}`);
    receive(near);
  }
  // Nothing is taken and given back until more has come than there are buffers.
  for (let round = 0; round < sockets; round++) ring.fetch();
  let without = 0;
  for (let round = 0; round < 200 && texts.size < sockets; round++) {
    const came = fetch();
    for (const [fd, text] of came.texts) texts.set(fd, text);
    for (const [fd, count] of came.ended) {
      assert.equal(count, -errno.ENOBUFS);
      without++;
      receive(fd);
    }
  }
  assert.deepEqual(texts, sent);
  assert.ok(without > 0);
});

test('one that sends without end is let go of, and its bytes are in order', here, (t) => {
  const { ring, output, receive, end, pair } = open(t);
  const [near, far] = pair();
  receive(near);
  ring.submit();
  // More than the buffers hold.
  const bytes = Buffer.from(Array.from({ length: output.bytes.length }, (_, i) => (i >> 8) & 0xff));
  output.bytes.set(bytes);
  const sent = calls.send(far, output.address, bytes.length, MSG_DONTWAIT);
  let text = end(near);
  for (;;) {
    const count = calls.recv(near, output.address, output.bytes.length, MSG_DONTWAIT);
    if (count <= 0) break;
    text += Buffer.from(output.bytes.subarray(0, count)).toString('latin1');
  }
  assert.equal(text.length, sent);
  assert.ok(Buffer.from(text, 'latin1').equals(bytes.subarray(0, sent)));
});

test('the end of the other side comes behind its bytes', here, (t) => {
  const { receive, pair, write, fetch } = open(t);
  const [near, far] = pair();
  write(far, 'bye');
  receive(near);
  assert.equal(fetch().texts.get(near), 'bye');
  calls.shutdown(far, 1);
  assert.equal(fetch().ended.get(near), 0);
});

test('more receptions than a submission holds', here, (t) => {
  const { receive, pair, write, fetch } = open(t);
  const all = new Set<number>();
  for (let i = 0; i < submissions + 10; i++) {
    const [near, far] = pair();
    receive(near);
    if (i % 10 > 0) continue;
    write(far, 'x');
    all.add(near);
  }
  for (let round = 0; round < 100 && all.size > 0; round++)
    for (const [fd, text] of fetch().texts) if (text === 'x') all.delete(fd);
  assert.equal(all.size, 0);
});

test('why it cannot be had is said in words that help', () => {
  const because = (number: number) => explainNoUring(new SystemCallError('io_uring_setup', number));
  assert.match(because(errno.ENOSYS), /no io_uring/);
  assert.match(because(errno.EPERM), /io_uring_disabled.*seccomp/);
  assert.match(because(errno.EINVAL), /Linux 6\.1/);
  assert.match(because(errno.ENOMEM), /io_uring_setup/);
  assert.equal(explainNoUring(new Error('else')), 'else');
});
