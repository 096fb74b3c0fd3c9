import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { DatagramBatch } from '../../src/net/datagram-batch.ts';
import { adoptUdpSocket, describeSocket } from '../../src/net/inherited-socket.ts';
import { AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_DGRAM } from '../../src/net/layouts.ts';
import { descriptorOf } from '../../src/net/node-handles.ts';
import { PinnedMemory } from '../../src/net/pinned-memory.ts';
import { encodeSocketAddress } from '../../src/net/socket-address.ts';
import { SocketOptions } from '../../src/net/socket-options.ts';
import { SystemCallError } from '../../src/net/system-call-error.ts';
import { closeUdpSockets, openUdpSockets } from '../../src/net/udp-socket.ts';
import { calls, echo, fastPath, nextMessage, openClient, send } from './fast-path.ts';

function openUdp(test: TestContext, address: string) {
  const [socket] = openUdpSockets(calls, { address, port: 0, receiveBuffer: 4096, sendBuffer: 4096 });
  test.after(() => closeUdpSockets(calls, [socket]));
  return socket;
}

async function openTcp(test: TestContext, host: string) {
  const server = createServer().listen({ host, port: 0, ipv6Only: true });
  await once(server, 'listening');
  test.after(() => server.close());
  const { port } = server.address() as { port: number };
  return { port, fd: descriptorOf(server) };
}

for (const address of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
  const family = address.includes(':') ? 6 : 4;
  test(`a UDP socket on ${address} says so itself`, fastPath, (test) => {
    const { fd, port } = openUdp(test, address);
    const expected = { fd, kind: 'datagram', family, address, port, listening: false, dualStack: false };
    assert.deepEqual(describeSocket(calls, fd), expected);
  });

  test(`a listening TCP socket on ${address} says so itself`, fastPath, async (test) => {
    const { fd, port } = await openTcp(test, address);
    const expected = { fd, kind: 'stream', family, address, port, listening: true, dualStack: false };
    assert.deepEqual(describeSocket(calls, fd), expected);
  });
}

test('an IPv6 socket that gets IPv4 too is recognised', fastPath, (test) => {
  const fd = calls.socket(AF_INET6, SOCK_DGRAM, 0);
  const memory = new PinnedMemory(calls, 64);
  const options = new SocketOptions(calls);
  test.after(() => {
    calls.close(fd);
    memory.release();
    options.close();
  });
  options.set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0, 'IPV6_V6ONLY');
  const name = memory.take(28);
  calls.bind(fd, name.address, encodeSocketAddress(name.bytes, '::', 0));
  assert.equal(describeSocket(calls, fd)?.dualStack, true);
});

test('a descriptor that is a file, or none at all, is an error', fastPath, (test) => {
  const file = openSync('/dev/null', 'r');
  test.after(() => closeSync(file));
  const code = (name: string) => (error: unknown) => error instanceof SystemCallError && error.code === name;
  assert.throws(() => describeSocket(calls, file), code('ENOTSOCK'));
  assert.throws(() => describeSocket(calls, 1_000_000), code('EBADF'));
});

test('an adopted socket answers from the address it was asked at', fastPath, async (test) => {
  const { fd, port } = openUdp(test, '0.0.0.0');
  const adopted = adoptUdpSocket(calls, describeSocket(calls, fd)!);
  assert.ok(adopted.receiveBuffer > 65536, `${adopted.receiveBuffer} bytes only`);
  const batch = new DatagramBatch(calls, adopted);
  test.after(() => batch.close());
  const client = await openClient(test);
  await send(client, 'ping', port, '127.0.0.5');
  assert.equal(batch.receive(), 1);
  echo(batch, 0);
  batch.flush();
  const { payload, from } = await nextMessage(client);
  assert.deepEqual([payload.toString(), from.address], ['ping', '127.0.0.5']);
});
