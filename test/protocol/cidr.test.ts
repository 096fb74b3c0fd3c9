// Checks which addresses lie in which network.
import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrIncludes, parseCidr } from '../../src/protocol/cidr.ts';
import { formatIp, parseIp } from '../../src/protocol/ip-address.ts';

const includes = (cidr: string, ip: string) => cidrIncludes(parseCidr(cidr)!, parseIp(ip)!);

test('an address lies in a network when the leading bits are equal', () => {
  assert.ok(includes('10.0.0.0/8', '10.255.0.1'));
  assert.ok(!includes('10.0.0.0/8', '11.0.0.1'));
  assert.ok(includes('192.168.1.128/25', '192.168.1.128'));
  assert.ok(!includes('192.168.1.128/25', '192.168.1.127'));
  assert.ok(includes('0.0.0.0/0', '255.255.255.255'));
  assert.ok(includes('2001:db8::/33', '2001:db8:7fff::1'));
  assert.ok(!includes('2001:db8::/33', '2001:db8:8000::1'));
});

test('a lone address is a network of one', () => {
  assert.ok(includes('127.0.0.1', '127.0.0.1'));
  assert.ok(!includes('127.0.0.1', '127.0.0.2'));
  assert.ok(!includes('::1', '::2'));
});

test('bits behind the prefix are cleared', () => {
  assert.ok(includes('10.1.2.3/8', '10.9.9.9'));
});

test('a mapped address is IPv4, as address and as network', () => {
  assert.ok(includes('127.0.0.0/8', '::ffff:127.0.0.1'));
  assert.ok(includes('::ffff:10.0.0.0/104', '10.1.2.3'));
  assert.ok(!includes('::/0', '1.2.3.4'));
  assert.ok(!includes('0.0.0.0/0', '::1'));
});

test('what is no network is refused', () => {
  for (const text of [
    '',
    '/',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10/8',
    'a/8',
  ]) {
    assert.equal(parseCidr(text), undefined, text);
  }
});

test('networks include what Node says they include', () => {
  const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(
      octets,
      fc.integer({ min: 0, max: 32 }),
      fc.integer({ min: 0, max: 31 }),
      (ip, bits, flipped) => {
        const network = new Uint8Array(ip);
        const other = network.slice();
        other[flipped >> 3] ^= 0x80 >> (flipped & 7);
        const list = new BlockList();
        list.addSubnet(formatIp(network), bits, 'ipv4');
        const cidr = parseCidr(`${formatIp(network)}/${bits}`)!;
        assert.ok(cidrIncludes(cidr, network));
        assert.equal(cidrIncludes(cidr, other), list.check(formatIp(other), 'ipv4'));
      },
    ),
  );
});
