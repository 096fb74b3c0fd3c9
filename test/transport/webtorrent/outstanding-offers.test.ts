// Which offers can be answered: against a model of a plain Map, and how much room they take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutstandingOffers } from '../../../src/transport/webtorrent/outstanding-offers.ts';

test('offers are answered once and in time, as a plain Map has it', () => {
  const offers = new OutstandingOffers(120);
  const model = new Map<number, number>();
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
  const mix = (n: number) => Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  let now = 1000;
  for (let step = 0; step < 300_000; step++) {
    const n = below(50_000);
    if (below(3) > 0) {
      offers.add(mix(n), n, now);
      model.set(n, now + 120);
    } else {
      const until = model.get(n) ?? 0;
      assert.equal(offers.take(mix(n), n, now), until > now);
      model.delete(n);
    }
    if (below(500) === 0) now++;
  }
  assert.equal(offers.lost, 0);
  assert.equal(offers.take(0, 0, now), (model.get(0) ?? 0) > now);
});

test('a table that may grow no more forgets what would end first, and counts it', () => {
  const offers = new OutstandingOffers(120, 512);
  for (let n = 0; n < 2000; n++) offers.add(n, n, 1000 + Math.floor(n / 100));
  assert.equal(offers.lost, 2000 - 512);
  assert.ok(!offers.take(0, 0, 1020));
  assert.ok(offers.take(1999, 1999, 1020));
  assert.ok(!offers.take(1999, 1999, 1020));
});
