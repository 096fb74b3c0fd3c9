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

test('of those who run out at the same time some do in each turn, and nobody early or twice', () => {
  const wheel = new TimeWheel<One>(step, 0);
  const all = Array.from({ length: 1000 }, () => new One());
  for (const one of all) {
    one.deadline = 50;
    wheel.place(one);
  }
  const late = new One();
  late.deadline = 50;
  wheel.place(late);
  late.deadline = 5000;
  const over: One[] = [];
  const turn = () => wheel.advance(100, (one) => over.push(one), 64);
  for (let turns = 1; turns <= 15; turns++) {
    assert.equal(turn(), false);
    assert.equal(over.length, 64 * turns);
  }
  // Who comes in the meantime has its own time, and who has gone does not run out.
  const next = new One();
  next.deadline = 150;
  wheel.place(next);
  const gone = all.find((one) => one.spoke >= 0)!;
  wheel.remove(gone);
  assert.equal(turn(), true);
  assert.equal(over.length, 999);
  assert.deepEqual(new Set(over), new Set(all.filter((one) => one !== gone)));
  assert.equal(
    wheel.advance(200, (one) => over.push(one), 64),
    true,
  );
  assert.deepEqual(over.slice(999), [next]);
  assert.equal(
    wheel.advance(6000, (one) => over.push(one), 64),
    true,
  );
  assert.deepEqual(over.slice(1000), [late]);
});
