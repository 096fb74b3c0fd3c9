import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { DatagramBatch } from '../../src/net/datagram-batch.ts';
import { SocketOptions } from '../../src/net/socket-options.ts';
import { SystemCallError } from '../../src/net/system-call-error.ts';
import type { SystemCalls } from '../../src/net/system-calls.ts';
import { closeUdpSockets, openUdpSockets, type UdpSocketOptions } from '../../src/net/udp-socket.ts';
import { calls, fastPath, openClient, send } from './fast-path.ts';

function open(test: TestContext, options: Partial<UdpSocketOptions> = {}, withCalls = calls) {
  const sockets = openUdpSockets(withCalls, { address: '127.0.0.1', port: 0, ...options });
  test.after(() => closeUdpSockets(calls, sockets));
  return sockets;
}

function refusal(code: string, endpoint: string) {
  return (error: unknown) =>
    error instanceof SystemCallError && error.code === code && error.message.includes(endpoint);
}

test('the sockets of one tracker share a port that the kernel chose', fastPath, (test) => {
  const sockets = open(test, { count: 4 });
  assert.equal(new Set(sockets.map((socket) => socket.port)).size, 1);
  assert.equal(new Set(sockets.map((socket) => socket.fd)).size, 4);
  assert.ok(sockets[0].port > 0);
});

test('clients are spread over the sockets, and none of their datagrams is lost', fastPath, async (test) => {
  const sockets = open(test, { count: 2 });
  const batches = sockets.map((socket) => new DatagramBatch(calls, socket));
  const clients = 40; // one socket for all of 40 clients has a probability of 2 in 2^40
  for (let i = 0; i < clients; i++) await send(await openClient(test), 'x', sockets[0].port, '127.0.0.1');
  const counts = batches.map((batch) => batch.receive());
  assert.equal(counts[0] + counts[1], clients);
  assert.ok(counts[0] > 0 && counts[1] > 0, `all clients came to one socket: ${counts}`);
});

test('a second tracker on the same port is refused, however many sockets the first has', fastPath, (test) => {
  for (const count of [1, 3]) {
    const { port } = open(test, { count })[0];
    for (const second of [1, 2]) {
      assert.throws(() => open(test, { port, count: second }), refusal('EADDRINUSE', `127.0.0.1:${port}`));
    }
  }
});

test('a port that is taken on one address is not taken on all addresses', fastPath, (test) => {
  const { port } = open(test, { count: 2 })[0];
  assert.throws(() => open(test, { port, address: '0.0.0.0' }), refusal('EADDRINUSE', `0.0.0.0:${port}`));
});

test('a port that a node:dgram socket has is refused, and the other way round', fastPath, async (test) => {
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  test.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address();
  assert.throws(() => open(test, { port, count: 2 }), refusal('EADDRINUSE', `127.0.0.1:${port}`));

  const ours = open(test, { count: 2 })[0];
  const refused = createSocket('udp4').bind(ours.port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'EADDRINUSE');
  refused.close();
});

test('IPv6 takes only IPv6: the same port is free on IPv4', fastPath, (test) => {
  const { port } = open(test, { address: '::', count: 2 })[0];
  assert.equal(open(test, { address: '0.0.0.0', port, count: 2 })[0].port, port);
});

test('an address that is not this machine’s is refused by name', fastPath, (test) => {
  assert.throws(() => open(test, { address: '203.0.113.9' }), refusal('EADDRNOTAVAIL', '203.0.113.9:0'));
  assert.throws(() => open(test, { address: 'localhost' }), RangeError);
});

test('when one of several sockets cannot be opened none stays open', fastPath, (test) => {
  let opened: number[] = [];
  const third: SystemCalls = {
    ...calls,
    bind: (fd, address, length) => {
      opened.push(fd);
      return opened.length === 3 ? -1 : calls.bind(fd, address, length);
    },
  };
  assert.throws(() => open(test, { count: 4 }, third), SystemCallError);
  assert.equal(opened.length, 3);
  for (const fd of opened) assert.throws(() => closeSync(fd), { code: 'EBADF' });
  opened = [];
});

test('without the permission for big buffers the socket opens with what it may have', fastPath, (test) => {
  const forced = new Set([32, 33]);
  const unprivileged: SystemCalls = {
    ...calls,
    setsockopt: (fd, level, name, value, length) =>
      level === 1 && forced.has(name) ? -1 : calls.setsockopt(fd, level, name, value, length),
  };
  const [socket] = open(test, { receiveBuffer: 1 << 30, sendBuffer: 1 << 30 }, unprivileged);
  assert.ok(socket.receiveBuffer > 0 && socket.receiveBuffer < 1 << 30, `${socket.receiveBuffer}`);
  assert.ok(socket.sendBuffer > 0 && socket.sendBuffer < 1 << 30, `${socket.sendBuffer}`);
});

test('datagrams that the kernel drops are counted', fastPath, async (test) => {
  const [socket] = open(test, { receiveBuffer: 4096 });
  const options = new SocketOptions(calls);
  const client = await openClient(test);
  assert.equal(options.drops(socket.fd), 0);
  const sent = 200;
  for (let i = 0; i < sent; i++) await send(client, Buffer.alloc(1000), socket.port, '127.0.0.1');
  assert.ok(options.receiveQueued(socket.fd) > 1000);
  const batch = new DatagramBatch(calls, socket);
  const received = batch.receive() + batch.receive();
  assert.ok(received > 0 && received < sent, `${received}`);
  assert.equal(options.drops(socket.fd), sent - received);
  options.close();
});
