import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../../bench/udp-load.ts';
import { ratioRows, resultRows } from '../../bench/udp-report.ts';
import { names } from '../../bench/udp-servers.ts';

function result(answersPerSecond: number, serverBusy: number, p50Ms: number): LoadResult {
  return {
    answersPerSecond,
    counts: {
      connects: 1,
      announces: 8,
      scrapes: 1,
      errors: 2,
      nonsense: 1,
      late: 0,
      lost: 4,
      peers: 80,
    },
    filled: 1,
    meanPeers: 10,
    p50Ms,
    p99Ms: 9,
    p999Ms: 10,
    loadBusy: 0.5,
    serverBusy,
  };
}

test('ratios are taken between servers of the same round', () => {
  const results = new Map([
    [names.workers, [result(200, 1, 1), result(20, 0.1, 1), result(200, 0.5, 1)]],
    [names.opentracker, [result(100, 0.5, 2), result(10, 0.1, 3), result(50, 0.5, 4)]],
  ]);
  assert.deepEqual(ratioRows(results), [['opentracker', '2.00 x', '2.00 x', '3.00 x', '2.0 x']]);
});

test('a server that was left out has no ratio, and without ours there is none at all', () => {
  assert.deepEqual(ratioRows(new Map([[names.workers, [result(1, 1, 1)]]])), []);
  assert.deepEqual(ratioRows(new Map([[names.opentracker, [result(1, 1, 1)]]])), []);
});

test('a result is a median, and losses and errors are sums', () => {
  const [row] = resultRows(new Map([['x', [result(10, 1, 1), result(30, 1, 3), result(20, 1, 2)]]]));
  assert.deepEqual(row, ['x', '20', '10', '30', '2.00', '9.00', '12', '9', '10.0', '100 %', '100 %', '50 %']);
});
