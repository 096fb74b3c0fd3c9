import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { cellBytes, DatagramBatch, nameWords } from '../../src/net/datagram-batch.ts';
import {
  errno,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_WANT,
  IPPROTO_IP,
  IPPROTO_UDP,
  SOCK_RAW,
} from '../../src/net/layouts.ts';
import { PinnedMemory } from '../../src/net/pinned-memory.ts';
import { encodeSocketAddress } from '../../src/net/socket-address.ts';
import { SocketOptions } from '../../src/net/socket-options.ts';
import { SystemCallError } from '../../src/net/system-call-error.ts';
import type { SystemCalls } from '../../src/net/system-calls.ts';
import { closeUdpSockets, openUdpSockets } from '../../src/net/udp-socket.ts';
import { calls, echo, fastPath, nextMessage, openBatch, openClient, send } from './fast-path.ts';

function payloadOf(batch: DatagramBatch, cell: number): string {
  const at = cell * cellBytes;
  return Buffer.from(batch.bytes.subarray(at, at + batch.length(cell))).toString();
}

for (const [family, loopback, wildcard] of [
  [4, '127.0.0.1', '0.0.0.0'],
  [6, '::1', '::'],
] as const) {
  for (const address of [loopback, wildcard]) {
    test(`a datagram over IPv${family} is answered by a socket on ${address}`, fastPath, async (test) => {
      const { socket, batch } = openBatch(test, { address });
      const client = await openClient(test, family);
      assert.equal(batch.receive(), 0);
      await send(client, 'hello', socket.port, loopback);
      assert.equal(batch.receive(), 1);
      assert.equal(payloadOf(batch, 0), 'hello');
      assert.equal(batch.isTruncated(0), false);
      assert.equal(batch.port(0), client.address().port);
      const name = Buffer.from(batch.names.buffer, batch.names.byteOffset + batch.addressWord * 4);
      const expected = new Uint8Array(28);
      encodeSocketAddress(expected, loopback, 1);
      const size = family === 4 ? 4 : 16;
      assert.deepEqual(
        name.subarray(0, size),
        Buffer.from(expected.subarray(family === 4 ? 4 : 8).subarray(0, size)),
      );
      echo(batch, 0);
      assert.equal(batch.flush(), 1);
      const { payload, from } = await nextMessage(client);
      assert.equal(payload.toString(), 'hello');
      assert.equal(from.port, socket.port);
      assert.equal(from.address, loopback);
    });
  }
}

test('a reply leaves from the address the request came to', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, { address: '0.0.0.0' });
  const client = await openClient(test);
  for (const address of ['127.0.0.2', '127.0.0.1', '127.9.9.9']) {
    await send(client, address, socket.port, address);
    assert.equal(batch.receive(), 1);
    echo(batch, 0);
    batch.flush();
    const { from } = await nextMessage(client);
    assert.equal(from.address, address);
  }
});

test(
  'several requests to several addresses are answered in one batch, each from its own',
  fastPath,
  async (test) => {
    const { socket, batch } = openBatch(test, { address: '0.0.0.0' });
    const clients = await Promise.all(Array.from({ length: 9 }, () => openClient(test)));
    for (const [i, client] of clients.entries()) await send(client, `${i}`, socket.port, `127.0.0.${10 + i}`);
    assert.equal(batch.receive(), clients.length);
    // Every third is left without an answer, so replies and received cells part ways.
    const answers = clients.map((client, i) => (i % 3 === 1 ? undefined : nextMessage(client)));
    for (let cell = 0; cell < clients.length; cell++) if (cell % 3 !== 1) echo(batch, cell);
    assert.equal(batch.flush(), 6);
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      if (!answer) continue;
      assert.equal(answer.payload.toString(), `${i}`);
      assert.equal(answer.from.address, `127.0.0.${10 + i}`);
    }
    // And the next batch, where all are answered, finds its way too.
    for (const [i, client] of clients.entries()) await send(client, `${i}`, socket.port, '127.0.0.1');
    assert.equal(batch.receive(), clients.length);
    const again = clients.map(nextMessage);
    for (let cell = 0; cell < clients.length; cell++) echo(batch, cell);
    assert.equal(batch.flush(), 9);
    for (const [i, { payload, from }] of (await Promise.all(again)).entries()) {
      assert.equal(payload.toString(), `${i}`);
      assert.equal(from.address, '127.0.0.1');
    }
  },
);

test('more datagrams than cells are received in several batches, in order', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, {}, 8);
  const client = await openClient(test);
  for (let i = 0; i < 20; i++) await send(client, `${i}`, socket.port, '127.0.0.1');
  const seen: string[] = [];
  for (let count = batch.receive(); count > 0; count = batch.receive()) {
    assert.ok(count <= 8);
    for (let cell = 0; cell < count; cell++) seen.push(payloadOf(batch, cell));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
  assert.equal(batch.counts.received, 20);
});

test(
  'a reply that was queued but not sent leaves before the next batch is received',
  fastPath,
  async (test) => {
    const { socket, batch } = openBatch(test);
    const client = await openClient(test);
    await send(client, 'first', socket.port, '127.0.0.1');
    batch.receive();
    echo(batch, 0);
    const answer = nextMessage(client);
    assert.equal(batch.receive(), 0);
    assert.equal((await answer).payload.toString(), 'first');
  },
);

test(
  'a datagram that is too long is cut and says so; the ones around it are whole',
  fastPath,
  async (test) => {
    const { socket, batch } = openBatch(test);
    const client = await openClient(test);
    for (const length of [cellBytes, cellBytes + 1, 9000, 0, 16]) {
      await send(client, Buffer.alloc(length, 7), socket.port, '127.0.0.1');
    }
    assert.equal(batch.receive(), 5);
    const seen = [0, 1, 2, 3, 4].map((cell) => [batch.length(cell), batch.isTruncated(cell)]);
    assert.deepEqual(seen, [
      [cellBytes, false],
      [cellBytes, true],
      [cellBytes, true],
      [0, false],
      [16, false],
    ]);
  },
);

test('a sender that used port 0 costs its own reply and no other', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, { address: '0.0.0.0' });
  if (!sendFromPort0(socket.port)) return test.skip('a raw socket needs CAP_NET_RAW');
  const client = await openClient(test);
  await send(client, 'after', socket.port, '127.0.0.1');
  assert.equal(batch.receive(), 2);
  assert.equal(batch.port(0), 0);
  echo(batch, 0);
  echo(batch, 1);
  const answer = nextMessage(client);
  assert.equal(batch.flush(), 1);
  assert.equal((await answer).payload.toString(), 'after');
  assert.equal(batch.counts.unsentRefused, 1);
});

function sendFromPort0(port: number): boolean {
  const fd = calls.socket(2, SOCK_RAW, IPPROTO_UDP);
  if (fd < 0) return false;
  const memory = new PinnedMemory(calls, 128);
  const name = memory.take(16);
  const packet = memory.take(12);
  const length = encodeSocketAddress(name.bytes, '127.0.0.1', 0);
  packet.bytes.set([0, 0, port >> 8, port & 0xff, 0, 12, 0, 0, 1, 2, 3, 4]);
  const sent = calls.sendto(fd, packet.address, 12, 0, name.address, length);
  calls.close(fd);
  memory.release();
  return sent === 12;
}

/** A batch over a kernel that refuses some replies: the first reply of the n-th sendmmsg call meets `outcomes[n]`. */
function openFaulty(test: TestContext, outcomes: number[]) {
  let error = 0;
  let sends = 0;
  const faulty: SystemCalls = {
    ...calls,
    errno: () => error || calls.errno(),
    sendmmsg: (fd, headers, count, flags) => {
      error = outcomes[sends++] ?? 0;
      return error === 0 ? calls.sendmmsg(fd, headers, count, flags) : -1;
    },
  };
  const [socket] = openUdpSockets(calls, { address: '127.0.0.1', port: 0 });
  const batch = new DatagramBatch(faulty, socket);
  test.after(() => {
    batch.close();
    closeUdpSockets(calls, [socket]);
  });
  return { batch, socket: socket, sends: () => sends };
}

async function queueReplies(test: TestContext, batch: DatagramBatch, port: number, count: number) {
  const client = await openClient(test);
  for (let i = 0; i < count; i++) await send(client, `${i}`, port, '127.0.0.1');
  assert.equal(batch.receive(), count);
  for (let cell = 0; cell < count; cell++) echo(batch, cell);
}

test('a reply that a firewall refuses (EPERM) is skipped and the rest is sent', fastPath, async (test) => {
  const { batch, socket, sends } = openFaulty(test, [errno.EPERM]);
  await queueReplies(test, batch, socket.port, 5);
  assert.equal(batch.flush(), 4);
  assert.equal(batch.counts.unsentRefused, 1);
  assert.equal(sends(), 2);
});

test(
  'a full send buffer (EAGAIN) gives up the batch at once, a full device queue (ENOBUFS) one reply',
  fastPath,
  async (test) => {
    const full = openFaulty(test, [errno.EAGAIN]);
    await queueReplies(test, full.batch, full.socket.port, 5);
    assert.equal(full.batch.flush(), 0);
    assert.equal(full.batch.counts.unsentForRoom, 5);
    assert.equal(full.sends(), 1);

    const queue = openFaulty(test, [errno.ENOBUFS]);
    await queueReplies(test, queue.batch, queue.socket.port, 5);
    assert.equal(queue.batch.flush(), 4);
    assert.equal(queue.batch.counts.unsentForRoom, 1);
  },
);

test('a kernel that refuses every reply is asked once for each and no more', fastPath, async (test) => {
  const { batch, socket, sends } = openFaulty(test, new Array(100).fill(errno.EPERM));
  await queueReplies(test, batch, socket.port, 5);
  assert.equal(batch.flush(), 0);
  assert.equal(sends(), 5);
  assert.equal(batch.counts.unsentRefused, 5);
});

test(
  'a reply longer than the path takes (EMSGSIZE) is sent again with fragments allowed',
  fastPath,
  async (test) => {
    const permissions: number[] = [];
    const options = new SocketOptions(calls);
    test.after(() => options.close());
    const outcomes = [errno.EMSGSIZE];
    let error = 0;
    const small: SystemCalls = {
      ...calls,
      errno: () => error || calls.errno(),
      sendmmsg: (fd, headers, count, flags) => {
        permissions.push(options.get(fd, IPPROTO_IP, IP_MTU_DISCOVER));
        error = outcomes.shift() ?? 0;
        return error === 0 ? calls.sendmmsg(fd, headers, count, flags) : -1;
      },
    };
    const [socket] = openUdpSockets(calls, { address: '127.0.0.1', port: 0 });
    const batch = new DatagramBatch(small, socket);
    test.after(() => {
      batch.close();
      closeUdpSockets(calls, [socket]);
    });
    await queueReplies(test, batch, socket.port, 3);
    assert.equal(batch.flush(), 3);
    assert.deepEqual(permissions, [IP_PMTUDISC_DO, IP_PMTUDISC_WANT, IP_PMTUDISC_DO]);
    assert.equal(batch.counts.unsentRefused, 0);
  },
);

test('an interrupted send (EINTR) is repeated and loses nothing', fastPath, async (test) => {
  const { batch, socket } = openFaulty(test, [errno.EINTR]);
  await queueReplies(test, batch, socket.port, 3);
  assert.equal(batch.flush(), 3);
});

test('a socket that is no longer open is an error, not an empty batch', fastPath, () => {
  const [socket] = openUdpSockets(calls, { address: '127.0.0.1', port: 0 });
  const batch = new DatagramBatch(calls, socket);
  calls.close(socket.fd);
  assert.throws(
    () => batch.receive(),
    (error) => error instanceof SystemCallError && error.code === 'EBADF',
  );
  batch.close();
});

test('names of one batch lie a fixed distance apart', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, { address: '0.0.0.0' });
  const clients = [await openClient(test, 4, '127.0.0.5'), await openClient(test, 4, '127.0.0.6')];
  for (const client of clients) await send(client, 'x', socket.port, '127.0.0.1');
  assert.equal(batch.receive(), 2);
  const words = [0, 1].map((cell) => batch.names[cell * nameWords + batch.addressWord] >>> 0);
  assert.deepEqual(words, [0x0500007f, 0x0600007f]);
});
