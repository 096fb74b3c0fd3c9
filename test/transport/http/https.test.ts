// Checks the way to the first request over TLS: versions, stalled and plain-text clients, and a change of certificate.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { defaultHttpLimits } from '../../../src/transport/http/http-limits.ts';
import { TestAuthority, type TestCertificate } from '../../certificates.ts';
import { allClosed, startHttpFor } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const announce = `/announce?info_hash=${'%01'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=6881&left=0`;
const request = `GET ${announce} HTTP/1.1\r\nHost: tracker\r\n\r\n`;

let authority: TestAuthority;
let first: TestCertificate;
let second: TestCertificate;
before(() => {
  authority = new TestAuthority();
  first = authority.issue();
  second = authority.issue();
});
after(() => authority.close());

async function connectSecurely(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.root,
    ...options,
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

async function ask(socket: Socket): Promise<string> {
  socket.write(request);
  return await new Promise((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString('latin1'))).once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

/** Connects and sends these bytes only, `count` times. */
async function connectAndSend(port: number, count: number, bytes: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1' }));
  for (const socket of sockets) socket.on('error', () => {}).resume();
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  for (const socket of sockets) socket.write(bytes);
  return sockets;
}

async function becomes(read: () => number, wanted: number): Promise<void> {
  for (let i = 0; read() !== wanted && i < 200; i++) await pause(10);
  assert.equal(read(), wanted);
}

describe('an HTTPS listener', () => {
  test('ends whoever has asked nothing for longest when all places are taken', async (t) => {
    const { port, counters } = await startHttpFor(t, { https: { certificate: first }, max: 2 });
    const silent = await connectSecurely(port);
    const asking = await connectSecurely(port);
    const ended = new Promise((resolve) => silent.on('error', () => {}).once('close', resolve));
    // Threads tell each other whole seconds.
    await pause(1100);
    await ask(asking);
    const another = await connectSecurely(port);
    await ended;
    assert.match(await ask(asking), /8:complete/);
    assert.deepEqual([counters.connectionsShed, counters.connectionsRefused], [1, 0]);
    for (const socket of [asking, another]) socket.destroy();
  });

  test('answers announces over one connection, in TLS 1.2 and 1.3', async (t) => {
    const { port, counters } = await startHttpFor(t, { https: { certificate: first } });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await connectSecurely(port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(await ask(socket), /^HTTP\/1\.1 200 OK.*8:complete/s);
      assert.match(await ask(socket), /8:complete/);
      socket.destroy();
    }
    assert.equal(counters.handshakesDone, 2);
    assert.equal(counters.announces, 4);
  });

  test('counts the bytes of a connection that stays open, each once', async (t) => {
    const { port, counters } = await startHttpFor(t, { https: { certificate: first } });
    const socket = await connectSecurely(port);
    await ask(socket);
    const asked = counters.bytesIn;
    assert.ok(asked > request.length, 'the handshake and a request');
    await ask(socket);
    const more = counters.bytesIn - asked;
    assert.ok(more > request.length && more < request.length + 100, `${more} bytes of a second request`);
    assert.ok(counters.bytesOut > 1000, 'the certificates and an answer');
    const { bytesIn, bytesOut } = counters;
    socket.destroy();
    while (counters.connectionsOpen > 0) await pause(5);
    assert.ok(counters.bytesIn - bytesIn < 100, 'the end of the connection counts nothing again');
    assert.ok(counters.bytesOut - bytesOut < 1000, 'but the answer that was on its way');
  });

  test('shows the whole chain', async (t) => {
    const { port } = await startHttpFor(t, { https: { certificate: first } });
    const socket = await connectSecurely(port);
    const leaf = socket.getPeerCertificate(true);
    assert.equal(leaf.issuerCertificate.subject.CN, 'Test Intermediate');
    socket.destroy();
  });

  test('refuses TLS 1.1', async (t) => {
    const { port } = await startHttpFor(t, { https: { certificate: first } });
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(connectSecurely(port, old));
  });

  test('shows a new certificate to new connections and keeps the open ones', async (t) => {
    const { port, transport } = await startHttpFor(t, { https: { certificate: first } });
    const old = await connectSecurely(port);
    await ask(old);
    await transport.setCertificate(second);
    const fresh = await connectSecurely(port);
    assert.equal(serial(old), '03E9');
    assert.equal(serial(fresh), '03EA');
    assert.match(await ask(old), /8:complete/);
    assert.match(await ask(fresh), /8:complete/);
    old.destroy();
    fresh.destroy();
  });

  test('without a certificate fails each handshake until it gets one', async (t) => {
    const { port, transport } = await startHttpFor(t, { https: { certificate: undefined } });
    await assert.rejects(connectSecurely(port));
    await transport.setCertificate(first);
    const socket = await connectSecurely(port);
    assert.match(await ask(socket), /8:complete/);
    socket.destroy();
  });

  test('ends a handshake that stalls or dribbles after its deadline', async (t) => {
    const handshakes = { deadlineMs: 300, max: 100 };
    const { port, counters } = await startHttpFor(t, { https: { certificate: first, handshakes } });
    const [silent, dribbling] = await connectAndSend(port, 2, '\x16\x03\x01');
    const drop = setInterval(() => dribbling.write('\x02'), 50);
    t.after(() => clearInterval(drop));
    const start = performance.now();
    await Promise.all([silent, dribbling].map((socket) => new Promise((r) => socket.once('close', r))));
    assert.ok(performance.now() - start < 1500);
    assert.equal(counters.handshakesFailed, 2);
    await allClosed(counters);
  });

  test('ends a plain-text connection at once', async (t) => {
    const { port, counters } = await startHttpFor(t, { https: { certificate: first } });
    const connection = await RawHttp.open(port);
    connection.send(request);
    await connection.end();
    connection.close();
    await becomes(() => counters.handshakesFailed, 1);
  });

  test('answers others while more clients stall than it lets shake hands', async (t) => {
    // A deadline that does not come here: whoever waited for a stalled one would wait for ever.
    const handshakes = { deadlineMs: 2 ** 30, max: 20 };
    const { port, counters } = await startHttpFor(t, { https: { certificate: first, handshakes } });
    const stalled = await connectAndSend(port, 60, '\x16\x03\x01');
    const plain = await connectAndSend(port, 20, 'GET / HTTP/1.1\r\n\r\n');
    const socket = await connectSecurely(port);
    assert.match(await ask(socket), /8:complete/);
    assert.ok(counters.handshakesFailed >= 60);
    for (const each of [socket, ...stalled, ...plain]) each.destroy();
  });

  test('holds its clients to the same time for a request head as plain HTTP', async (t) => {
    const limits = { ...defaultHttpLimits, headMs: 200, requestMs: 300, keepAliveMs: 300, checkEveryMs: 50 };
    const { port, counters } = await startHttpFor(t, { https: { certificate: first }, limits });
    const slow = await connectSecurely(port);
    const idle = await connectSecurely(port);
    assert.match(await ask(idle), /8:complete/);
    slow.write('GET /announce?');
    const drop = setInterval(() => slow.write('x'), 50);
    t.after(() => clearInterval(drop));
    const start = performance.now();
    await Promise.all(
      [slow, idle].map((socket) => new Promise((r) => socket.on('error', r).once('close', r))),
    );
    assert.ok(performance.now() - start < 2500);
    assert.equal(counters.timeouts, 1);
    await allClosed(counters);
  });

  test('closes without waiting for handshakes', async (t) => {
    const { port, transport, counters } = await startHttpFor(t, { https: { certificate: first } });
    await connectAndSend(port, 3, '\x16');
    await pause(20);
    const start = performance.now();
    await transport.close(500);
    assert.ok(performance.now() - start < 400);
    await allClosed(counters);
  });
});

function serial(socket: TLSSocket): string {
  return socket.getPeerCertificate().serialNumber;
}
