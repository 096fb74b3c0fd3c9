import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePort, encodeSocketAddress, familyOf, formatEndpoint } from '../../src/net/socket-address.ts';

function encode(address: string, port: number): string {
  const bytes = new Uint8Array(28).fill(0xee);
  return Buffer.from(bytes.subarray(0, encodeSocketAddress(bytes, address, port))).toString('hex');
}

test('an IPv4 endpoint becomes a sockaddr_in', () => {
  assert.equal(encode('192.0.2.1', 6969), '02001b39c00002010000000000000000');
});

test('an IPv6 endpoint becomes a sockaddr_in6, however its zeros are written', () => {
  const expected = '0a001b390000000020010db800000000000000000000000100000000';
  assert.equal(encode('2001:db8::1', 6969), expected);
  assert.equal(encode('2001:0db8:0:0:0:0:0:1', 6969), expected);
  assert.equal(encode('2001:db8::0.0.0.1', 6969), expected);
  assert.equal(encode('::', 0), `0a00${'00'.repeat(26)}`);
  assert.equal(encode('1::', 0), `0a00000000000000${'0001'}${'00'.repeat(14)}00000000`);
});

test('every IPv6 address is written as its sixteen bytes', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, fc.nat(8), fc.nat(8), (values, from, length) => {
      const zeros = Math.min(from + length, 8) - from;
      const all = values.map((value, i) => (i >= from && i < from + zeros ? 0 : value));
      const text = (part: number[]) => part.map((value) => value.toString(16)).join(':');
      const address = zeros > 0 ? `${text(all.slice(0, from))}::${text(all.slice(from + zeros))}` : text(all);
      const bytes = all.map((value) => value.toString(16).padStart(4, '0')).join('');
      assert.equal(encode(address, 1).slice(16, 48), bytes, address);
    }),
  );
});

test('only IP literals have a family', () => {
  assert.equal(familyOf('0.0.0.0'), 4);
  assert.equal(familyOf('::'), 6);
  for (const text of ['localhost', '', '1.2.3', '1.2.3.4.5', '::g', 'fe80::1%lo', '[::1]']) {
    assert.equal(familyOf(text), undefined, text);
    assert.throws(() => encodeSocketAddress(new Uint8Array(28), text, 1), RangeError, text);
  }
});

test('a port is read back as it was written', () => {
  const bytes = new Uint8Array(28);
  for (const port of [0, 1, 255, 256, 6969, 65535]) {
    encodeSocketAddress(bytes, '::1', port);
    assert.equal(decodePort(bytes), port);
  }
});

test('an IPv6 endpoint is written in brackets', () => {
  assert.equal(formatEndpoint('127.0.0.1', 80), '127.0.0.1:80');
  assert.equal(formatEndpoint('::1', 80), '[::1]:80');
});
