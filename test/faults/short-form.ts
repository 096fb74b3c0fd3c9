// The short form of fault suites as tests: each is survived within its limits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultSuite, measure } from './figures.ts';

export function testShortForms(suites: readonly FaultSuite[]): void {
  for (const suite of suites) {
    test(`the tracker survives ${suite.fault}`, { skip: suite.skip ?? false, timeout: 250_000 }, async () => {
      const { figures, broken } = await measure(suite, { seed: 1, long: false });
      assert.deepEqual(broken, [], JSON.stringify(figures));
    });
  }
}
