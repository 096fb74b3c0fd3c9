// Sums that are the same where nodes have the same, and name the shards that differ, and who sends them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShardSums, sendersOf } from '../../src/cluster/shard-sums.ts';

function sumsOf(items: readonly (readonly [number, number])[], bits?: number): ShardSums {
  const sums = new ShardSums(bits);
  for (const [high, value] of items) sums.add(high, value);
  return sums;
}

function differing(one: ShardSums, other: ShardSums): number[] {
  return Array.from(one.counts.keys()).filter((shard) => !one.equals(other, shard));
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const items = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 200 });

test('the order does not count, and folding is as good as fewer bits from the start', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 4, max: 16 }), (some, bits) => {
      const sums = sumsOf(some);
      assert.deepEqual(differing(sums, sumsOf([...some].reverse())), []);
      assert.deepEqual(differing(sums.folded(bits), sumsOf(some, bits)), []);
      assert.equal(sums.items, some.length);
      const read = ShardSums.decode(sums.folded(bits).encode());
      assert.deepEqual(differing(read!, sums.folded(bits)), []);
    }),
  );
});

test('a missing item, another one, and one with another role show in their shard', () => {
  const some: [number, number][] = [
    [5 << 28, 1],
    [6 << 28, 2],
    [7 << 28, 3],
  ];
  const sums = sumsOf(some, 4);
  assert.deepEqual(differing(sums, sumsOf(some.slice(1), 4)), [5]);
  assert.deepEqual(differing(sums, sumsOf([...some.slice(0, 2), [7 << 28, 4]], 4)), [7]);
});

test('there are as many shards as are worth it, within bounds', () => {
  const of = (count: number) =>
    sumsOf(Array.from({ length: count }, (_, n) => [n * 40_503, 1])).fitting().bits;
  assert.equal(of(0), 4);
  assert.equal(of(256), 4);
  assert.equal(of(16_384), 10);
  assert.equal(of(2_000_000), 16);
});

test('bytes that are no sums are told from them', () => {
  const bytes = sumsOf([[1, 1]], 4).encode();
  for (const wrong of [
    new Uint8Array(),
    bytes.subarray(1),
    bytes.subarray(0, -1),
    Uint8Array.of(3),
    Uint8Array.of(40),
  ])
    assert.equal(ShardSums.decode(wrong), undefined);
});

test('each state of a differing shard is sent by one node, the first that has it, and nothing by one that has nothing', () => {
  const a: [number, number][] = [
    [1 << 28, 1],
    [2 << 28, 1],
  ];
  const all = new Map([
    ['c', sumsOf(a, 4)],
    ['b', sumsOf(a, 6)],
    [
      'a',
      sumsOf(
        [
          [1 << 28, 1],
          [2 << 28, 9],
          [3 << 28, 1],
        ],
        4,
      ),
    ],
    ['d', sumsOf([], 4)],
  ]);
  const senders = sendersOf(all);
  assert.deepEqual([...senders.keys()].sort(), ['a', 'b']);
  assert.deepEqual([...senders.get('a')!].sort(), [1, 2, 3]);
  assert.deepEqual([...senders.get('b')!], [2]);
  assert.equal(
    sendersOf(
      new Map([
        ['a', sumsOf(a)],
        ['b', sumsOf([...a].reverse())],
      ]),
    ).size,
    0,
  );
});
