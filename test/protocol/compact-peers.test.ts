// Checks compact peers: the forms of BEP 23 and BEP 7, their text, and lists that do not divide.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeCompactPeers,
  encodeCompactPeers,
  formatPeer,
  parsePeer,
} from '../../src/protocol/compact-peers.ts';

test('an IPv4 peer is 4 bytes of address and 2 of port', () => {
  const peer = parsePeer('127.0.0.1:6881')!;
  assert.deepEqual(encodeCompactPeers([peer]), new Uint8Array([127, 0, 0, 1, 0x1a, 0xe1]));
});

test('an IPv6 peer is 16 bytes of address and 2 of port', () => {
  const bytes = encodeCompactPeers([parsePeer('[2001:db8::1]:65535')!]);
  assert.equal(Buffer.from(bytes).toString('hex'), '20010db8000000000000000000000001ffff');
});

test('a list that does not divide is refused', () => {
  assert.equal(decodeCompactPeers(new Uint8Array(7), 4), undefined);
  assert.equal(decodeCompactPeers(new Uint8Array(17), 6), undefined);
  assert.equal(decodeCompactPeers(new Uint8Array(6), 6), undefined);
  assert.deepEqual(decodeCompactPeers(new Uint8Array(0), 4), []);
});

test('text that names no endpoint is refused', () => {
  for (const text of [
    '',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '::1:80',
    '[1.2.3.4]:80',
    '[::1]',
    '1.2.3.4: 80',
    '1.2.3.4:8e1',
  ]) {
    assert.equal(parsePeer(text), undefined, text);
  }
});

for (const family of [4, 6] as const) {
  const size = family === 4 ? 4 : 16;
  const peers = fc.array(
    fc.record(
      {
        ip: fc.uint8Array({ minLength: size, maxLength: size }),
        port: fc.integer({ min: 0, max: 65535 }),
      },
      { noNullPrototype: true },
    ),
  );
  test(`what is encoded is decoded as it was, IPv${family}, and text too`, () => {
    fc.assert(
      fc.property(peers, (list) => {
        assert.deepEqual(decodeCompactPeers(encodeCompactPeers(list), family), list);
        for (const peer of list) assert.deepEqual(parsePeer(formatPeer(peer)), peer);
      }),
    );
  });
}
