// Checks that a PROXY protocol header changes whose a connection is, and only from where it may.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseIp } from '../../../src/protocol/ip-address.ts';
import { encodeProxyBinary, encodeProxyLine } from '../../../src/protocol/proxy-protocol.ts';
import { TestAuthority } from '../../certificates.ts';

import { allClosed, startHttpFor } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const announce = `/announce?info_hash=${'%01'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=6881&left=0`;
const request = `GET ${announce} HTTP/1.1\r\nHost: tracker\r\n\r\n`;
const from = (source: string, destination = source) => ({
  source: parseIp(source)!,
  sourcePort: 4711,
  destination: parseIp(destination)!,
  destinationPort: 6969,
});
const lineFrom = (source: string) => Buffer.from(encodeProxyLine(from(source)));

/** The client's address as the tracker's `external ip` gives it back: dotted, or undefined without an answer. */
async function externalIp(connection: RawHttp): Promise<string | undefined> {
  const body = (await connection.reply())?.body.toString('latin1');
  const match = body && /11:external ip(4|16):/.exec(body);
  if (!match) return undefined;
  const at = match.index + match[0].length;
  return [...Buffer.from(body, 'latin1').subarray(at, at + Number(match[1]))].join('.');
}

async function ask(port: number, ...pieces: (string | Buffer)[]): Promise<string | undefined> {
  const connection = await RawHttp.open(port);
  for (const piece of pieces) {
    connection.send(piece);
    await pause(5);
  }
  const ip = await externalIp(connection);
  connection.close();
  return ip;
}

test('a header in one piece with the request, and byte by byte, names the client', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'], proxyProtocol: true });
  const line = lineFrom('192.0.2.7');
  const binary = Buffer.from(encodeProxyBinary(from('192.0.2.8', '192.0.2.1'), new Uint8Array(30)));
  assert.equal(await ask(port, Buffer.concat([line, Buffer.from(request)])), '192.0.2.7');
  assert.equal(await ask(port, Buffer.concat([binary, Buffer.from(request)])), '192.0.2.8');
  assert.equal(await ask(port, line, request), '192.0.2.7');
  assert.equal(await ask(port, ...Array.from(line, (byte) => Buffer.from([byte])), request), '192.0.2.7');
});

test('every request of the connection is that client’s', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'], proxyProtocol: true });
  const connection = await RawHttp.open(port);
  connection.send(Buffer.concat([lineFrom('2001:db8::7'), Buffer.from(request + request)]));
  const expected = [...parseIp('2001:db8::7')!].join('.');
  assert.equal(await externalIp(connection), expected);
  assert.equal(await externalIp(connection), expected);
  connection.close();
});

test('a proxy that speaks for itself is the client', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'], proxyProtocol: true });
  assert.equal(await ask(port, 'PROXY UNKNOWN\r\n', request), '127.0.0.1');
  assert.equal(await ask(port, Buffer.from(encodeProxyBinary(undefined)), request), '127.0.0.1');
});

test('X-Forwarded-For is believed only when the header names a trusted proxy again', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1', '10.0.0.0/8'], proxyProtocol: true });
  const forwarded = request.replace('\r\n\r\n', '\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n');
  assert.equal(await ask(port, lineFrom('10.0.0.1'), forwarded), '198.51.100.1');
  assert.equal(await ask(port, lineFrom('192.0.2.7'), forwarded), '192.0.2.7');
});

test('a header from an address that is not trusted is a bad request', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['10.0.0.0/8'], proxyProtocol: true });
  const connection = await RawHttp.open(port);
  connection.send(Buffer.concat([lineFrom('192.0.2.7'), Buffer.from(request)]));
  assert.equal((await connection.reply())?.status, 400);
  connection.close();
  assert.equal(await ask(port, request), '127.0.0.1');
});

test('a header is a bad request where none is expected', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'] });
  const connection = await RawHttp.open(port);
  connection.send(Buffer.concat([lineFrom('192.0.2.7'), Buffer.from(request)]));
  assert.equal((await connection.reply())?.status, 400);
  connection.close();
});

test('a trusted proxy that sends no header, half of one, or nothing in time is cut off', async (t) => {
  const { headMs: _, ...rest } = (await import('../../../src/transport/http/http-limits.ts'))
    .defaultHttpLimits;
  const limits = { ...rest, headMs: 200 };
  const told: string[] = [];
  const { port, counters } = await startHttpFor(t, {
    trusted: ['127.0.0.1'],
    proxyProtocol: true,
    limits,
    onBrokenProxyHeader: (address) => told.push(address),
  });
  for (const bytes of [request, 'PROXY TCP4 192.0.2.7', '']) {
    const connection = await RawHttp.open(port);
    connection.send(bytes);
    await connection.end();
    connection.close();
  }
  assert.equal(counters.proxyHeadersMissing, 3);
  assert.deepEqual(told, ['127.0.0.1'], 'told of the first only: the others may be health checks');
  assert.equal(counters.announces, 0);
  await allClosed(counters);
});

test('over HTTPS the header comes before the handshake', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.close());
  const https = { certificate: authority.issue() };
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'], proxyProtocol: true, https });
  const below = (await RawHttp.open(port)).socket;
  below.removeAllListeners('data');
  below.write(lineFrom('192.0.2.7'));
  const socket = connectTls({ socket: below, servername: 'localhost', ca: authority.root });
  socket.write(request);
  const body = await new Promise<string>((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString('latin1'))).once('error', reject);
  });
  assert.ok(body.includes('11:external ip4:\xc0\x00\x02\x07'));
  socket.destroy();
});
