import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWarmUp, sweepSmallStore } from '../../../src/server/upkeep/warm-up.ts';

test('everybody who announced in the warm-up has expired at its end, in steps', () => {
  const steps = sweepSmallStore();
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count++;
  assert.deepEqual(step.value, { announced: 72_000, left: 0 });
  assert.ok(count > 700 && count < 10_000, `${count} steps`);
});

test('the warm-up says when it is done, unless it is ended before', async () => {
  await new Promise<void>((resolve) => startWarmUp(resolve));
  let isDone = false;
  const end = startWarmUp(() => {
    isDone = true;
  });
  end();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(isDone, false);
});
