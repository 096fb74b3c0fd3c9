// Checks that everybody's time runs out once, never early and at most a step late, however deadlines are moved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Timed, TimeWheel } from '../../../src/transport/http-epoll/time-wheel.ts';

class One implements Timed<One> {
  deadline = 0;
  wheelBefore: One | undefined;
  wheelAfter: One | undefined;
  spoke = -1;
}

const step = 100;
const change = fc.record({
  who: fc.nat({ max: 5 }),
  ms: fc.nat({ max: 20_000 }),
  later: fc.nat({ max: 3000 }),
});

test('deadlines set, put off and brought forward run out in time, once', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), fc.nat({ max: 1e6 }), (changes, start) => {
      let now = start;
      const wheel = new TimeWheel<One>(step, now);
      const all = Array.from({ length: 6 }, () => new One());
      const expired = (one: One) => {
        assert.ok(one.deadline <= now, `${one.deadline - now} ms early`);
        assert.equal(one.spoke, -1);
      };
      const advance = (ms: number) => {
        now += ms;
        wheel.advance(now, expired);
        for (const one of all) assert.ok(one.spoke < 0 || one.deadline > now - 2 * step, 'it should be over');
      };
      for (const { who, ms, later } of changes) {
        const one = all[who];
        const sooner = now + ms < one.deadline;
        one.deadline = now + ms;
        if (sooner || one.spoke < 0) wheel.place(one);
        advance(later);
      }
      advance(30_000);
      advance(30_000);
      for (const one of all) assert.equal(one.spoke, -1);
    }),
    { numRuns: 300 },
  );
});

test('who is taken off does not run out', () => {
  const wheel = new TimeWheel<One>(step, 0);
  const [first, second, third] = [new One(), new One(), new One()];
  for (const one of [first, second, third]) {
    one.deadline = 50;
    wheel.place(one);
  }
  wheel.remove(second);
  const over: One[] = [];
  wheel.advance(1000, (one) => over.push(one));
  assert.deepEqual(new Set(over), new Set([first, third]));
});
