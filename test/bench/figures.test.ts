import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latencies } from '../../bench/latencies.ts';
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
