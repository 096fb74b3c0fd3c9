// Sockets passed between two ends of a Unix socket: they arrive open, with their text, and nothing waits for ever.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeSocket } from '../../src/net/inherited-socket.ts';
import { BlockingUnixStream, isListening, sendDescriptors } from '../../src/net/pass-descriptors.ts';
import { loadSystemCalls } from '../../src/net/system-calls.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-pass-'));
after(() => rmSync(directory, { recursive: true }));
const { calls, reason } = loadSystemCalls();

const descriptorOf = (socket: unknown) => (socket as { _handle: { fd: number } })._handle.fd;

test('a socket arrives open at the other end, with its text', { skip: reason }, async () => {
  const path = join(directory, 'a.sock');
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
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
  const probe = descriptorOf(udp);
  sendDescriptors(calls!, descriptorOf(accepted), 'two of them\n', [probe, probe]);
  const received = stream.receive(1000)!;
  assert.equal(received.text, 'two of them\n');
  assert.equal(received.descriptors.length, 2);
  for (const fd of received.descriptors) {
    assert.notEqual(fd, probe);
    const described = describeSocket(calls!, fd)!;
    assert.deepEqual([described.kind, described.port], ['datagram', udp.address().port]);
    calls!.close(fd);
  }
  const asked = new Promise((got) => accepted.once('data', got));
  stream.send('thanks\n');
  assert.equal(String(await asked), 'thanks\n');
  accepted.end();
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(stream.receive(1000), { text: '', descriptors: [] });
  stream.close();
  udp.close();
  server.close();
});

test('a socket file that nobody listens on any more is nobody', { skip: reason }, () => {
  const path = join(directory, 'b.sock');
  assert.equal(isListening(calls!, path), false);
  writeFileSync(path, '');
  assert.equal(isListening(calls!, path), false);
});
