import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latencies } from '../../bench/latencies.ts';
import { medianInterval } from '../../bench/paired-median.ts';
import { Random } from '../../bench/random.ts';
import { formatCount, formatMarkdownTable, formatTable, median } from '../../bench/table.ts';

test('percentiles of latencies are right to a fortieth', () => {
  const latencies = new Latencies();
  for (let i = 1; i <= 1000; i++) latencies.add(i / 10);
  for (const [share, expected] of [
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ] as const) {
    const found = latencies.percentile(share);
    assert.ok(found >= expected * 0.999 && found < expected * 1.025, `${share}: ${found}`);
  }
  latencies.clear();
  assert.equal(latencies.percentile(0.5), 0);
});

test('a median of an even number of figures is the mean of the middle two', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('counts keep four digits', () => {
  assert.equal(formatCount(187_432), '187,400');
  assert.equal(formatCount(999), '999');
  assert.equal(formatCount(0), '0');
});

test('columns are aligned', () => {
  const rows = [
    ['a', '1'],
    ['long name', '12,345'],
  ];
  assert.equal(
    formatTable(['server', 'n'], rows),
    ['server          n', '---------  ------', 'a               1', 'long name  12,345'].join('\n'),
  );
  assert.equal(
    formatMarkdownTable(['server', 'n'], rows.slice(0, 1)),
    '| server | n |\n| --- | --: |\n| a | 1 |',
  );
});

test('the interval of a median holds it with 95 % certainty, from the order of the values alone', () => {
  const values = Array.from({ length: 20 }, (_, index) => 20 - index);
  const { median: middle, from, to, certainty } = medianInterval(values);
  // As tables of the sign test have it for 20 values: the 6th from either end, 95.9 %.
  assert.deepEqual([middle, from, to, certainty.toFixed(3)], [10.5, 6, 15, '0.959']);
  assert.deepEqual(medianInterval([5, 1, 2, 3, 4, 1000]).to, 1000);
  assert.throws(() => medianInterval([1, 2, 3, 4, 5]), RangeError);
});

test('in 1,000 series of noise around 3, the interval holds 3 in at least 930', () => {
  const random = new Random(5);
  const noise = () => Math.log((random.below(999_983) + 1) / (random.below(999_983) + 1));
  let held = 0;
  for (let series = 0; series < 1000; series++) {
    const { from, to } = medianInterval(Array.from({ length: 15 }, () => 3 + noise()));
    if (from <= 3 && to >= 3) held++;
  }
  assert.ok(held >= 930 && held < 1000, String(held));
});
