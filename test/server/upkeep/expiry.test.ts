import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Expiry } from '../../../src/server/upkeep/expiry.ts';

/** Counts the rounds that an expiry begins in `seconds` on a store of `slices` slices. */
function run(seconds: number, peerTtl: number, sweep: (now: number) => boolean): unknown[] {
  mock.timers.enable({ apis: ['setInterval'] });
  const failures: unknown[] = [];
  try {
    let now = 1000;
    const expiry = new Expiry(
      { sweep },
      { peerTtl, now: () => now, failed: (error) => failures.push(error) },
    );
    expiry.start();
    for (let second = 0; second < seconds; second++) {
      now++;
      mock.timers.tick(1000);
    }
    expiry.stop();
    mock.timers.tick(10_000);
  } finally {
    mock.timers.reset();
  }
  return failures;
}

test('a round begins every sixtieth of the peer TTL, and none after it stops', () => {
  let rounds = 0;
  const sweep = () => {
    rounds++;
    return true;
  };
  run(120, 3600, sweep);
  assert.equal(rounds, 2);
  rounds = 0;
  run(10, 5, sweep);
  assert.equal(rounds, 10);
});

test('a long round goes on slice by slice until the store says it is complete', () => {
  let slices = 0;
  run(1, 3600, () => ++slices === 7);
  assert.equal(slices, 7);
});

test('a slice that throws is reported, and the next second tries again', () => {
  let slices = 0;
  const failures = run(3, 3600, () => {
    if (++slices < 3) throw new Error('broken');
    return true;
  });
  assert.equal(failures.length, 2);
  assert.equal(slices, 3);
});
