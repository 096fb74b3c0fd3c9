// Sockets passed between two ends of a Unix socket: they arrive open, with their text, and nothing waits for ever.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeSocket } from '../../src/net/inherited-socket.ts';
import { descriptorOf } from '../../src/net/node-handles.ts';
import { BlockingUnixStream, isListening, sendDescriptors } from '../../src/net/pass-descriptors.ts';
import { loadSystemCalls } from '../../src/net/system-calls.ts';
import { closeUdpSockets, openUdpSockets } from '../../src/net/udp-socket.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-pass-'));
after(() => rmSync(directory, { recursive: true }));
const { calls, reason } = loadSystemCalls();

test('a socket arrives open at the other end, with its text', { skip: reason }, async () => {
  const path = join(directory, 'a.sock');
  const [udp] = openUdpSockets(calls!, { address: '127.0.0.1', port: 0 });
  let accept!: (socket: Socket) => void;
  const promise = new Promise<Socket>((resolve) => {
    accept = resolve;
  });
  const server = createServer((socket) => accept(socket));
  await new Promise<void>((listening) => server.listen(path, listening));
  const stream = new BlockingUnixStream(calls!, path);
  const accepted = await promise;
  assert.equal(isListening(calls!, path), true);
  assert.equal(stream.receive(0), undefined);
  assert.equal(stream.receive(30), undefined);
  const probe = udp!.fd;
  sendDescriptors(calls!, descriptorOf(accepted), 'two of them\n', [probe, probe]);
  const received = stream.receive(1000)!;
  assert.equal(received.text, 'two of them\n');
  assert.equal(received.descriptors.length, 2);
  for (const fd of received.descriptors) {
    assert.notEqual(fd, probe);
    const described = describeSocket(calls!, fd)!;
    assert.deepEqual([described.kind, described.port], ['datagram', udp!.port]);
    calls!.close(fd);
  }
  const asked = new Promise((got) => accepted.once('data', got));
  stream.send('thanks\n');
  assert.equal(String(await asked), 'thanks\n');
  accepted.end();
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(stream.receive(1000), { text: '', descriptors: [] });
  stream.close();
  closeUdpSockets(calls!, [udp!]);
  server.close();
});

test('a socket file that nobody listens on any more is nobody', { skip: reason }, () => {
  const path = join(directory, 'b.sock');
  assert.equal(isListening(calls!, path), false);
  writeFileSync(path, '');
  assert.equal(isListening(calls!, path), false);
});
