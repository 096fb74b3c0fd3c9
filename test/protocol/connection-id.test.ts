// Checks that a connection_id is good for its address and its time and for nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConnectionIds } from '../../src/protocol/connection-id.ts';
import { encodeIpWords, parseIp } from '../../src/protocol/ip-address.ts';

const key = new Uint8Array(16).fill(7);
const otherKey = new Uint8Array(16).fill(8);
const ids = new ConnectionIds(key);

function client(ip: string): { family: 4 | 6; words: Int32Array } {
  const words = new Int32Array(4);
  return { family: encodeIpWords(parseIp(ip)!, words), words };
}

function issue(by: ConnectionIds, ip: string, now: number): [number, number] {
  const { family, words } = client(ip);
  by.issue(family, words, 0, now);
  return [by.high, by.low];
}

function matches(by: ConnectionIds, ip: string, now: number, [high, low]: [number, number]): boolean {
  const { family, words } = client(ip);
  return by.matches(family, words, 0, now, high, low);
}

for (const ip of ['192.0.2.1', '2001:db8::1']) {
  test(`a connection_id for ${ip} is good for at least 128 s and at most 192 s`, () => {
    for (const start of [0, 1, 63, 64, 1_763_800_000, 1_763_800_063]) {
      const id = issue(ids, ip, start);
      for (const age of [0, 1, 63, 64, 127, 128])
        assert.ok(matches(ids, ip, start + age, id), `${start}+${age}`);
      for (const age of [192, 193, 255, 256, 257, 320, 10_000]) {
        assert.ok(!matches(ids, ip, start + age, id), `${start}+${age}`);
      }
    }
  });
}

test('a connection_id from the time to come is refused', () => {
  const id = issue(ids, '192.0.2.1', 6400);
  for (const early of [1, 64, 128, 192, 6400])
    assert.ok(!matches(ids, '192.0.2.1', 6400 - early, id), `${early}`);
});

test('a connection_id from another address is refused', () => {
  const id = issue(ids, '192.0.2.1', 1000);
  assert.ok(!matches(ids, '192.0.2.2', 1000, id));
  assert.ok(!matches(ids, '::ffff:192.0.2.1', 1000, id));
  const id6 = issue(ids, '2001:db8::1', 1000);
  assert.ok(!matches(ids, '2001:db8::2', 1000, id6));
  assert.ok(!matches(ids, '2001:db9::1', 1000, id6));
});

test('a connection_id that has just been taken is no better from another address, changed, or too old', () => {
  const id = issue(ids, '192.0.2.1', 6400);
  for (let bit = 0; bit < 64; bit++) {
    const changed: [number, number] = [
      id[0] ^ (bit < 32 ? 1 << bit : 0),
      id[1] ^ (bit < 32 ? 0 : 1 << (bit - 32)),
    ];
    assert.ok(matches(ids, '192.0.2.1', 6401, id));
    assert.ok(!matches(ids, '192.0.2.1', 6401, changed), `bit ${bit}`);
  }
  for (const [ip, now] of [
    ['192.0.2.2', 6401],
    ['193.0.2.1', 6401],
    ['192.0.2.1', 6400 - 64],
    ['192.0.2.1', 6400 + 192],
    ['192.0.2.1', 6400 + 256],
  ] as const) {
    assert.ok(matches(ids, '192.0.2.1', 6401, id));
    assert.ok(!matches(ids, ip, now, id), `${ip} at ${now}`);
  }
  // The same first word, of the other family.
  assert.ok(matches(ids, '192.0.2.1', 6401, id));
  assert.ok(!ids.matches(6, client('192.0.2.1').words, 0, 6401, ...id));
});

test('a connection_id is taken by another process with the same key, at any place of its memory', () => {
  const [high, low] = issue(ids, '2001:db8::1', 1000);
  const words = new Int32Array(10).fill(-1);
  encodeIpWords(parseIp('2001:db8::1')!, words, 3);
  assert.ok(new ConnectionIds(key).matches(6, words, 3, 1000, high, low));
});

test('a connection_id of the previous key is taken, one of an older key is not', () => {
  const id = issue(new ConnectionIds(otherKey), '192.0.2.1', 1000);
  assert.ok(!matches(ids, '192.0.2.1', 1000, id));
  assert.ok(matches(new ConnectionIds(key, otherKey), '192.0.2.1', 1000, id));
  assert.ok(!matches(new ConnectionIds(key, otherKey), '192.0.2.1', 1300, id));
});

test('every one of the 64 bits counts', () => {
  const now = 1_763_800_000;
  const [high, low] = issue(ids, '192.0.2.1', now);
  for (let bit = 0; bit < 64; bit++) {
    const forged: [number, number] = bit < 32 ? [high, low ^ (1 << bit)] : [high ^ (1 << (bit - 32)), low];
    assert.ok(!matches(ids, '192.0.2.1', now, forged), `bit ${bit}`);
  }
});

test('a guess is refused', () => {
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(fc.property(int32, int32, (high, low) => !matches(ids, '192.0.2.1', 1000, [high, low])));
});
