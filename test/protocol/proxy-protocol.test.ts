// Checks the PROXY protocol's headers, v1 and v2, against the specification's own examples and against hostile bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseIp } from '../../src/protocol/ip-address.ts';
import {
  decodeProxyHeader,
  encodeProxyBinary,
  encodeProxyLine,
  longestProxyHeader,
  type ProxiedConnection,
} from '../../src/protocol/proxy-protocol.ts';

const decode = (bytes: Uint8Array) => decodeProxyHeader(bytes, bytes.length);
const decodeText = (text: string) => decode(Buffer.from(text, 'latin1'));

function sourceOf(header: ReturnType<typeof decode>): string | undefined {
  assert.ok(typeof header === 'object', `no header: ${header}`);
  return header.source && `${formatIp(header.source)} ${header.sourcePort}`;
}

const port = fc.integer({ min: 0, max: 65_535 });
const connections: fc.Arbitrary<ProxiedConnection> = fc.constantFrom(4, 16).chain((size) =>
  fc.record({
    source: fc.uint8Array({ minLength: size, maxLength: size }),
    destination: fc.uint8Array({ minLength: size, maxLength: size }),
    sourcePort: port,
    destinationPort: port,
  }),
);

test("the specification's lines are read", () => {
  assert.equal(
    sourceOf(decodeText('PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n')),
    '255.255.255.255 65535',
  );
  const all = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  assert.equal(sourceOf(decodeText(`PROXY TCP6 ${all} ${all} 65535 65535\r\n`)), `${all} 65535`);
  assert.equal(sourceOf(decodeText('PROXY UNKNOWN\r\n')), undefined);
  assert.equal(sourceOf(decodeText(`PROXY UNKNOWN ${all} ${all} 65535 65535\r\n`)), undefined);
  assert.equal(
    (decodeText('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n') as { length: number })
      .length,
    47,
  );
});

test('a line that is not exactly one is refused', () => {
  for (const text of [
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
    'PROXY TCP4 1.2.3.4 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n',
    'PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n',
    'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n',
    'proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`,
    'GET /announce HTTP/1.1\r\n',
    '\x16\x03\x01\x02\x00',
  ]) {
    assert.equal(decodeText(text), undefined, JSON.stringify(text));
  }
});

test('a v2 header of the proxy itself, of UNIX sockets and of no family says no address', () => {
  assert.equal(sourceOf(decode(encodeProxyBinary(undefined))), undefined);
  for (const family of [0x00, 0x31]) {
    const bytes = encodeProxyBinary(undefined, new Uint8Array(216));
    bytes.set([0x21, family], 12);
    assert.equal(sourceOf(decode(bytes)), undefined);
  }
});

test('a v2 header of another version, command, transport or of too few bytes is refused', () => {
  const good = encodeProxyBinary({
    source: parseIp('192.0.2.1')!,
    sourcePort: 1,
    destination: parseIp('192.0.2.2')!,
    destinationPort: 2,
  });
  const changed = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    return decode(bytes);
  };
  assert.equal(sourceOf(decode(good)), '192.0.2.1 1');
  assert.equal(changed(12, 0x11), undefined, 'version 1');
  assert.equal(changed(12, 0x22), undefined, 'an unknown command');
  assert.equal(changed(13, 0x12), undefined, 'UDP');
  assert.equal(changed(13, 0x41), undefined, 'an unknown family');
  assert.equal(changed(15, 11), undefined, 'addresses cut short');
  assert.equal(changed(14, 0x10), undefined, 'longer than anyone needs');
  assert.equal(changed(0, 0x0e), undefined, 'another signature');
});

test('what is encoded is read back, whatever follows it', () => {
  fc.assert(
    fc.property(connections, fc.uint8Array({ maxLength: 64 }), (connection, rest) => {
      for (const header of [encodeProxyLine(connection), encodeProxyBinary(connection, rest)]) {
        const bytes = Buffer.concat([header, rest]);
        assert.deepEqual(decode(bytes), {
          length: header.length,
          source: connection.source,
          sourcePort: connection.sourcePort,
        });
      }
    }),
  );
});

test('of a header that has not arrived whole, more is asked for', () => {
  fc.assert(
    fc.property(connections, fc.boolean(), (connection, binary) => {
      const header = binary ? encodeProxyBinary(connection) : encodeProxyLine(connection);
      for (let end = 0; end < header.length; end++) {
        assert.equal(decodeProxyHeader(header, end), 'incomplete', `${end} of ${header.length} bytes`);
      }
    }),
    { numRuns: 30 },
  );
});

test('hostile bytes never ask for more than the longest header and never reach beyond their end', () => {
  const starts = fc.constantFrom(
    Buffer.from('PROXY '),
    Buffer.from('PROXY TCP4 '),
    encodeProxyBinary(undefined),
  );
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: longestProxyHeader }), (start, rest) => {
      const bytes = Buffer.concat([start, rest, Buffer.alloc(longestProxyHeader)]);
      const header = decode(bytes);
      assert.notEqual(header, 'incomplete');
      if (typeof header === 'object') assert.ok(header.length <= longestProxyHeader);
    }),
  );
});
