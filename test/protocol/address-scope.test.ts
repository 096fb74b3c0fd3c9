// Scopes at the borders of every network that has one of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scope, scopeOf } from '../../src/protocol/address-scope.ts';
import { encodeIpWords, parseIp } from '../../src/protocol/ip-address.ts';

function scope(text: string): keyof typeof Scope {
  const words = new Int32Array(6);
  const family = encodeIpWords(parseIp(text)!, words, 1);
  const found = scopeOf(family, words, 1);
  return (Object.keys(Scope) as (keyof typeof Scope)[]).find((name) => Scope[name] === found)!;
}

const addresses: Record<keyof typeof Scope, string> = {
  public: `1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
    223.255.255.255 2000:: 2a00::1 3fff:1000::1 192.0.2.1 198.51.100.1 203.0.113.9 2001:db8::1`,
  private: `10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 169.254.0.1 172.16.0.0 172.31.255.255 192.168.0.0
    192.168.255.255 fc00:: fdff:ffff::1 fe80::1 febf::1`,
  loopback: '127.0.0.0 127.0.0.1 127.255.255.255 ::1',
  bogon: `0.0.0.0 0.255.255.255 192.0.0.1 198.18.0.0 198.19.255.255 224.0.0.1 239.1.1.1 255.255.255.255 :: ::2 1::1
    4000:: fec0::1 ff02::1 64:ff9b::1.2.3.4 ::ffff:1.2.3.4`,
};

for (const [name, texts] of Object.entries(addresses)) {
  test(`${name} addresses are known as such`, () => {
    for (const text of texts.split(/\s+/)) assert.equal(scope(text), name, text);
  });
}
