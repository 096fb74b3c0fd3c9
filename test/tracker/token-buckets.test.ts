// The token buckets: what an address may take, who shares one, and whom a crowded table forgets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeIpWords, parseIp } from '../../src/protocol/ip-address.ts';
import { TokenBuckets, unlimited } from '../../src/tracker/token-buckets.ts';

const words = new Int32Array(4);

function create(rate = 10, burst = 50): TokenBuckets {
  return TokenBuckets.create({ rate, burst }, Int32Array.of(1, 2));
}

function rowOf(buckets: TokenBuckets, address: string, now: number): number {
  const family = encodeIpWords(parseIp(address)!, words);
  return buckets.rowOf(family, words, 0, now);
}

/** How many of `wanted` tokens an address gets. */
function taken(buckets: TokenBuckets, address: string, wanted: number, now: number): number {
  let count = 0;
  for (let i = 0; i < wanted; i++) {
    if (buckets.take(rowOf(buckets, address, now), now)) count++;
  }
  return count;
}

test('an address may take the burst at once and the rate from then on', () => {
  const buckets = create();
  assert.equal(taken(buckets, '90.0.0.1', 1000, 100), 50);
  assert.ok(buckets.isEmpty(rowOf(buckets, '90.0.0.1', 100), 100));
  assert.equal(taken(buckets, '90.0.0.1', 1000, 101), 10);
  assert.equal(taken(buckets, '90.0.0.1', 1000, 104), 30);
  assert.equal(taken(buckets, '90.0.0.1', 1000, 200), 50);
});

test('tokens are kept exactly over seconds in which few are taken', () => {
  const buckets = create();
  for (let now = 100; now < 200; now++) assert.equal(taken(buckets, '90.0.0.1', 10, now), 10);
  assert.equal(taken(buckets, '90.0.0.1', 100, 200), 50);
});

test('IPv4 addresses count one by one, IPv6 ones by /56', () => {
  const buckets = create();
  assert.equal(taken(buckets, '90.0.0.1', 50, 1), 50);
  assert.equal(taken(buckets, '90.0.0.2', 50, 1), 50);
  assert.equal(taken(buckets, '2a00:1:2:300::1', 30, 1), 30);
  assert.equal(taken(buckets, '2a00:1:2:3ff:1::2', 30, 1), 20);
  assert.equal(taken(buckets, '2a00:1:2:400::1', 30, 1), 30);
  assert.equal(taken(buckets, '2a00:1:3:300::1', 30, 1), 30);
});

test('an IPv6 /48 may take eight times what one of its /56 may, and each of them still no more than its own', () => {
  const buckets = create();
  const of48 = (network: string, wanted: number, now: number) => {
    let count = 0;
    for (let i = 0; i < 256; i++)
      count += taken(buckets, `2a00:1:${network}:${i.toString(16)}00::1`, wanted, now);
    return count;
  };
  assert.equal(of48('2', 100, 100), 8 * 50);
  const last = rowOf(buckets, '2a00:1:2:ff00::1', 100);
  assert.ok(buckets.isEmpty(last, 100), 'one that has taken nothing itself');
  assert.equal(of48('2', 100, 101), 8 * 10);
  assert.equal(of48('2', 100, 102), 8 * 10);
  assert.equal(taken(buckets, '2a00:1:2:1200::1', 100, 103), 50, 'what was refused was not taken');
  assert.equal(of48('3', 100, 103), 8 * 50, 'another /48 has its own');
  assert.equal(taken(buckets, '90.0.0.1', 100, 103), 50);
});

test('the largest rates are held for a /48 as well', () => {
  const buckets = create(65_535, 65_535);
  assert.equal(taken(buckets, '2a00:1:2:100::1', 70_000, 5), 65_535);
  assert.equal(taken(buckets, '2a00:1:2:200::1', 10, 5), 0);
  assert.equal(taken(buckets, '2a00:1:2:200::1', 70_000, 6), 65_535);
});

test('a /48 that floods stays known while a hundred thousand others come by', () => {
  const buckets = create(200, 2000);
  let through = 0;
  const seconds = 5;
  for (let now = 1; now <= seconds; now++) {
    for (let i = 0; i < 20_000; i++) {
      words.set([0x0100002a, 2 | ((i & 255) << 16), 0, 0]);
      if (buckets.take(buckets.rowOf(6, words, 0, now), now)) through++;
      words.set([0x0200002a, ((i * 7919 + now * 31) & 0xffff) | ((i & 255) << 16), 0, 0]);
      assert.ok(buckets.take(buckets.rowOf(6, words, 0, now), now), 'a stranger is refused');
    }
  }
  assert.ok(through <= 8 * (2000 + seconds * 200) + 50, `${through} got through`);
});

test('private and loopback addresses are not limited', () => {
  const buckets = create();
  for (const address of ['127.0.0.1', '10.1.2.3', '192.168.1.1', '::1', 'fd00::1']) {
    assert.equal(rowOf(buckets, address, 1), unlimited);
  }
});

test('a thread whose clock is a second behind gives nothing away', () => {
  const buckets = create();
  assert.equal(taken(buckets, '90.0.0.1', 1000, 101), 50);
  assert.equal(taken(buckets, '90.0.0.1', 1000, 100), 0);
  assert.equal(taken(buckets, '90.0.0.1', 1000, 102), 10);
});

test('another thread sees what was taken', () => {
  const buckets = create();
  taken(buckets, '90.0.0.1', 40, 1);
  assert.equal(taken(new TokenBuckets(buckets.buffer), '90.0.0.1', 40, 1), 10);
});

test('who floods stays known while a hundred thousand others come by', () => {
  const buckets = create(200, 2000);
  let through = 0;
  const seconds = 5;
  for (let now = 1; now <= seconds; now++) {
    for (let i = 0; i < 20_000; i++) {
      if (buckets.take(rowOf(buckets, '90.0.0.1', now), now)) through++;
      words[0] = 11 | (((i * 7919 + now * 31) & 0xffffff) << 8);
      assert.ok(buckets.take(buckets.rowOf(4, words, 0, now), now), 'a stranger is refused');
    }
  }
  assert.ok(through <= 2000 + seconds * 200 + 50, `${through} got through`);
});

test('an address that comes again and again has no part in the row that another thread has given away', () => {
  const here = create();
  const elsewhere = new TokenBuckets(here.buffer);
  const first = rowOf(here, '90.0.0.1', 100);
  // Newcomers take the rows with the most tokens left, so after enough of them every row has changed hands.
  for (let i = 0; i < 100_000; i++) rowOf(elsewhere, `91.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 100);
  const tags = new Int32Array(here.buffer);
  const given = tags[first];
  const again = rowOf(here, '90.0.0.1', 100);
  assert.notEqual(tags[again], given);
  assert.equal(rowOf(elsewhere, '90.0.0.1', 100), again);
});

// A turn of the sixteen bits in which a bucket keeps its time is 18.2 hours.
const turn = 0x10000;

test('after any rest an emptied bucket holds what has come in meanwhile', () => {
  for (let rest = 1; rest < 3 * turn; rest += rest < 100 ? 1 : 61) {
    const buckets = create(2, 100);
    const start = 12_345 + 7 * rest;
    assert.equal(taken(buckets, '90.0.0.1', 200, start), 100);
    const now = start + rest;
    assert.equal(taken(buckets, '90.0.0.1', 200, now), Math.min(100, 2 * rest), `after ${rest} s`);
  }
});

test('who asks without end gets the rate and no more, over a turn of the time', () => {
  const buckets = create(1, 10);
  let through = 0;
  for (let now = 1; now <= 2 * turn; now++) through += taken(buckets, '90.0.0.1', 3, now);
  assert.equal(through, 10 + 2 * turn - 1);
});
