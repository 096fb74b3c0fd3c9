// What was said last is remembered as long as promised, within the bound, and the newest of what was said of a peer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastWords } from '../../src/cluster/last-words.ts';

const lastsMs = 20_000;

test('tens of thousands are remembered while the table grows, the newest time of each', () => {
  const words = new LastWords(1 << 16, lastsMs);
  const known = new Map<string, number>();
  for (let i = 0; i < 80_000; i++) {
    // Of every four neighbours three have a slot that is another's.
    const low = 1 + (i % 40_000);
    const high = Math.imul(low >> 2, 0x9e3779b1);
    const at = (i * 7919) % 10_007;
    words.set(high, low, at, 100);
    known.set(`${high} ${low}`, Math.max(at, known.get(`${high} ${low}`) ?? 0));
  }
  for (const [key, at] of known) {
    const [high, low] = key.split(' ').map(Number);
    assert.equal(words.get(high, low), at, key);
  }
  assert.equal(words.get(0, 40_001), undefined);
});

test('it is remembered for its time at least, and forgotten after twice that', () => {
  const words = new LastWords(1 << 12, lastsMs);
  words.set(5, 6, 1, 0);
  words.set(7, 8, 2, lastsMs - 1);
  assert.equal(words.get(5, 6), 1);
  words.set(9, 10, 3, lastsMs + 1);
  assert.deepEqual([words.get(5, 6), words.get(7, 8)], [1, 2]);
  words.set(11, 12, 4, 2 * lastsMs + 2);
  assert.deepEqual([words.get(5, 6), words.get(7, 8), words.get(9, 10)], [undefined, undefined, 3]);
});

test('the younger half of what does not fit stays', () => {
  const most = 1 << 10;
  const words = new LastWords(most, lastsMs);
  for (let i = 1; i <= 5 * most; i++) words.set(i, -i, i, 0);
  assert.equal(words.get(1, -1), undefined);
  for (let i = 5 * most; i > 4 * most; i--) assert.equal(words.get(i, -i), i);
});

test('a hash of two zeros is never remembered, one zero is', () => {
  const words = new LastWords(1 << 10, lastsMs);
  words.set(0, 0, 1, 0);
  words.set(0, 1, 2, 0);
  words.set(1, 0, 3, 0);
  assert.deepEqual([words.get(0, 0), words.get(0, 1), words.get(1, 0)], [undefined, 2, 3]);
});

test('looking ahead changes nothing', () => {
  const words = new LastWords(1 << 10, lastsMs);
  words.set(1, 2, 3, 0);
  words.lookAhead(Int32Array.of(1, -1, 2 ** 31 - 1), 3);
  assert.deepEqual([words.get(1, 2), words.get(-1, 0)], [3, undefined]);
});
