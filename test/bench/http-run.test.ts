// Checks that the benchmark over HTTP reads what wrk's script prints, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from '../../bench/http-run.ts';

test("the script's line becomes a rate, failures of every kind and a p99 in milliseconds", () => {
  const output = 'Running 3s test\n  Requests/sec: 1\nRESULT 30000 3000000 2 3 1500\n';
  assert.deepEqual(parseWrk(output), { requestsPerSecond: 10_000, failed: 5, p99Ms: 1.5 });
});

test('output without that line is an error that shows it', () => {
  assert.throws(() => parseWrk('unable to connect'), /unable to connect/);
});
