// Checks whose address counts: the connection's, or what trusted proxies wrote into X-Forwarded-For.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../src/protocol/cidr.ts';
import { formatIp } from '../../src/protocol/ip-address.ts';
import { isLocal, parseForwardedFor, parseRemoteAddress } from '../../src/transport/client-address.ts';

const trusted = ['10.0.0.0/8', '2001:db8::/32'].map((text) => parseCidr(text)!);
const client = (header: string) => {
  const ip = parseForwardedFor(header, trusted);
  return ip && formatIp(ip);
};

test('the right-most address that is no trusted proxy is the client', () => {
  assert.equal(client('192.0.2.1'), '192.0.2.1');
  assert.equal(client('192.0.2.1, 10.0.0.1'), '192.0.2.1');
  assert.equal(client('192.0.2.1,10.0.0.1,2001:db8::7,10.9.9.9'), '192.0.2.1');
  assert.equal(client('2001:db9::1 , 10.0.0.1'), '2001:db9::1');
});

test('what stands left of the client is what the client made up, and not looked at', () => {
  assert.equal(client('198.51.100.1, 192.0.2.1, 10.0.0.1'), '192.0.2.1');
  assert.equal(client('nonsense, , 192.0.2.1'), '192.0.2.1');
});

test('of trusted hops only the left-most is the client', () => {
  assert.equal(client('10.0.0.3, 10.0.0.2, 2001:db8::1'), '10.0.0.3');
});

test('a mapped address is IPv4, trusted and not', () => {
  assert.equal(client('192.0.2.1, ::ffff:10.0.0.1'), '192.0.2.1');
  assert.equal(client('::ffff:192.0.2.1'), '192.0.2.1');
});

test('an item that is no address refuses the whole header', () => {
  for (const header of [
    '',
    ' ',
    ',',
    ',10.0.0.1',
    '192.0.2.1,',
    'unknown',
    '192.0.2.1:',
    '192.0.2.1:65536',
    '192.0.2.1:123456',
    '192.0.2.1:80:80',
    '192.0.2.1:http',
    '192.0.2.1:-1',
    ':80',
    '[192.0.2.1]',
    '[192.0.2.1]:80',
    '[]',
    '[]:80',
    '[2001:db9::1',
    '2001:db9::1]',
    '[2001:db9::1]80',
    '[2001:db9::1]:',
    '[[2001:db9::1]]',
    '[fe80::1%eth0]:80',
    '192.0.2.1 192.0.2.2',
    'nonsense, 10.0.0.1',
    '192.0.2.01',
    '"192.0.2.1"',
    'fe80::1%eth0',
  ]) {
    assert.equal(client(header), undefined, header);
  }
});

test('a port behind an address is passed over, of the client and of trusted hops', () => {
  assert.equal(client('198.51.100.7:41234'), '198.51.100.7');
  assert.equal(client('[2001:db9::7]:41234'), '2001:db9::7');
  assert.equal(client('[2001:db9::7]'), '2001:db9::7');
  assert.equal(client('[::ffff:192.0.2.1]:80'), '192.0.2.1');
  assert.equal(client('nonsense, 192.0.2.1:65535, 10.0.0.1:1, [2001:db8::1]:443'), '192.0.2.1');
  assert.equal(client('192.0.2.1:0'), '192.0.2.1');
});

test('a long header ends', () => {
  assert.equal(client(`192.0.2.1${',10.0.0.1'.repeat(1000)}`), '192.0.2.1');
  assert.equal(client(','.repeat(8000)), undefined);
});

test('a connection address is read without its zone, and unmapped', () => {
  assert.equal(formatIp(parseRemoteAddress('::ffff:192.0.2.1')!), '192.0.2.1');
  assert.equal(formatIp(parseRemoteAddress('fe80::1%eth0')!), 'fe80::1');
  assert.equal(parseRemoteAddress(undefined), undefined);
});

test("loopback, private, link-local and carriers' own addresses are local and public ones are not", () => {
  for (const ip of [
    '127.9.9.9',
    '10.1.1.1',
    '172.31.0.1',
    '192.168.0.1',
    '169.254.1.1',
    '100.64.0.1',
    '100.127.255.254',
    '::1',
    'fd00::1',
    'fe80::1',
  ]) {
    assert.ok(isLocal(parseRemoteAddress(ip)!), ip);
  }
  for (const ip of [
    '100.63.0.1',
    '100.128.0.1',
    '128.0.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '2001:db8::1',
    '::2',
  ]) {
    assert.ok(!isLocal(parseRemoteAddress(ip)!), ip);
  }
});
