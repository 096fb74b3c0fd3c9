// Checks address literals against RFC 4291 and RFC 5952, and against what Node itself accepts.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeIpWords,
  encodeIpWords,
  formatEndpoint,
  formatIp,
  parseIp,
  unmapIp,
} from '../../src/protocol/ip-address.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

const literals: [string, string, string?][] = [
  ['0.0.0.0', '00000000'],
  ['1.2.3.4', '01020304'],
  ['255.255.255.255', 'ffffffff'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['1::', '00010000000000000000000000000000'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a', '2001:db8::8:800:200c:417a'],
  ['FF01:0:0:0:0:0:0:101', 'ff010000000000000000000000000101', 'ff01::101'],
  ['0:0:0:0:0:0:13.1.68.3', '0000000000000000000000000d014403', '::d01:4403'],
  ['::FFFF:129.144.52.38', '00000000000000000000ffff81903426', '::ffff:129.144.52.38'],
  ['::ffff:8190:3426', '00000000000000000000ffff81903426', '::ffff:129.144.52.38'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  // RFC 5952: never a single group, the first of equal runs, the longest run, no leading zeros.
  ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '00000002000300040005000600070008', '0:2:3:4:5:6:7:8'],
  ['2001:db8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '20010000000000010000000000000001', '2001:0:0:1::1'],
  ['2001:0db8::0001', '20010db8000000000000000000000001', '2001:db8::1'],
];
for (const [text, hex, canonical] of literals) {
  test(`${text} is read, and written as ${canonical ?? text}`, () => {
    assert.deepEqual(parseIp(text), bytes(hex));
    assert.equal(formatIp(bytes(hex)), canonical ?? text);
  });
}

const noAddress = [
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.',
  '.1.2.3.4',
  '1..2.3',
  '256.1.1.1',
  '01.2.3.4',
  '1.2.3.04',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '0x1.2.3.4',
  '1.2.3.-4',
  '1,2,3,4',
  '16909060',
  '',
  ':',
  ':::',
  '1:',
  ':1',
  '1::2::3',
  '1:::2',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '12345::',
  'g::',
  '::1%eth0',
  '[::1]',
  '::1.2.3',
  '::1.2.3.4:5',
  '::1.2.3.256',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4::',
  '1.2.3.4:80',
  'localhost',
  '::ffff:1.2.3.4, 5.6.7.8',
  `${'0'.repeat(1_000_000)}::`,
];
for (const text of noAddress) {
  test(`${JSON.stringify(text.slice(0, 40))} is no address`, () => assert.equal(parseIp(text), undefined));
}

test('an IPv4 address in IPv6 clothes is unmapped, any other is left alone', () => {
  assert.deepEqual(unmapIp(parseIp('::ffff:1.2.3.4')!), bytes('01020304'));
  assert.deepEqual(unmapIp(parseIp('::1.2.3.4')!), parseIp('::102:304'));
  assert.deepEqual(unmapIp(parseIp('1.2.3.4')!), bytes('01020304'));
});

test('an endpoint has brackets around IPv6 only', () => {
  assert.equal(formatEndpoint(parseIp('1.2.3.4')!, 80), '1.2.3.4:80');
  assert.equal(formatEndpoint(parseIp('::1')!, 80), '[::1]:80');
});

test('words are the bytes as they lie in memory', () => {
  const words = new Int32Array(6);
  assert.equal(encodeIpWords(parseIp('1.2.3.254')!, words, 1), 4);
  assert.deepEqual(new Uint8Array(words.buffer, 4, 4), bytes('010203fe'));
  assert.equal(encodeIpWords(parseIp('2001:db8::fffe')!, words, 2), 6);
  assert.deepEqual(new Uint8Array(words.buffer, 8, 16), parseIp('2001:db8::fffe'));
});

const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Mostly zeros, for the runs.
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
    .map((list) => new Uint8Array(list)),
);

test('what is written is read as it was, by us and by Node, and words keep it', () => {
  fc.assert(
    fc.property(address, (ip) => {
      const text = formatIp(ip);
      assert.deepEqual(parseIp(text), ip);
      assert.equal(isIP(text), ip.length === 4 ? 4 : 6);
      const words = new Int32Array(4);
      assert.deepEqual(decodeIpWords(words, 0, encodeIpWords(ip, words)), ip);
    }),
    { numRuns: 1000 },
  );
});

test('we take exactly the literals that Node takes, zones apart', () => {
  const bytesOf: Record<number, number> = { 0: 0, 4: 4, 6: 16 };
  const text = fc.array(fc.constantFrom(':', ':', '.', '0', '1', '12', '255', 'ffff', 'a', '::'), {
    maxLength: 17,
  });
  fc.assert(
    fc.property(text, (parts) => {
      const literal = parts.join('');
      assert.equal(parseIp(literal)?.length ?? 0, bytesOf[isIP(literal)], literal);
    }),
    { numRuns: 5000 },
  );
});
