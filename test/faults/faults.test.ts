// The short form of every fault suite: each is survived within its limits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from './figures.ts';
import { suites } from './suites.ts';

for (const suite of suites) {
  test(`the tracker survives ${suite.fault}`, { skip: suite.skip ?? false, timeout: 90_000 }, async () => {
    const { figures, broken } = await measure(suite, { seed: 1, long: false });
    assert.deepEqual(broken, [], JSON.stringify(figures));
  });
}
