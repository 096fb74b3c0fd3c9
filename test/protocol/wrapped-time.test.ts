// Times on a circle: every pair of places, and property tests on the circles that are in use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stepsBefore, stepsSince, stepsSinceOrAhead } from '../../src/protocol/wrapped-time.ts';

test('every distance of a small circle comes back, from every place', () => {
  const mask = 31;
  const ahead = 5;
  for (let now = 0; now < 200; now++) {
    for (let steps = 0; steps <= mask; steps++) {
      const then = stepsBefore(now, steps, mask);
      assert.equal(stepsSince(then, now, mask), steps);
      assert.equal(stepsSinceOrAhead(then, now, mask, ahead), steps > mask - ahead ? 0 : steps);
    }
  }
});

test('a distance of less than a turn is exact at any time of an int32 clock', () => {
  const masks = fc.constantFrom(3, 0x1fff, 0xffff, 0xffffff);
  fc.assert(
    fc.property(masks, fc.nat(), fc.nat(), (mask, then, far) => {
      const steps = far & mask;
      assert.equal(stepsSince(then & mask, (then + steps) | 0, mask), steps);
      assert.equal(stepsBefore(then + steps, steps, mask), then & mask);
    }),
    { numRuns: 5000 },
  );
});
