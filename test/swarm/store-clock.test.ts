// The store's time: ages over the whole circle, and after every kind of pause nobody who is dead is taken for fresh.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Event } from '../../src/protocol/event.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import {
  ageOf,
  leadTicks,
  maxTtlTicks,
  secondsPerTickFor,
  tickAt,
  tickBefore,
} from '../../src/swarm/tick.ts';
import { clockAt, encodeStore, joined, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

/** Of the ticks, in which a record keeps its time. */
const turn = 0x2000;

function announce(store: SwarmStore, peer: number, now: number, swarm = 1): void {
  const visit = new Visit().setSwarm(swarm).setPeer(4, peer);
  visit.event = Event.none;
  assert.ok(store.announce(visit, 0, now));
}

function peersIn(store: SwarmStore): number {
  const { leechers4, seeders4 } = store.totals();
  return leechers4 + seeders4;
}

/** A round over the whole store. */
function sweep(store: SwarmStore, now: number): void {
  while (!store.sweep(now, 4096));
}

test('an age is exact at every place of the circle, for as long as a record may be kept', () => {
  for (let tick = 0; tick < turn; tick++) {
    for (const age of [0, 1, 299, maxTtlTicks, maxTtlTicks + 1, maxTtlTicks + leadTicks]) {
      assert.equal(ageOf(tickBefore(tick, age), tick), age);
      assert.equal(ageOf(tickBefore(tick, age) | 0xe000, tick), age, 'flags count');
    }
    assert.equal(ageOf(tickBefore(tick, -1), tick), 0);
    assert.equal(ageOf(tickBefore(tick, -200), tick), 0);
  }
});

test('a tick is as short as the TTL allows, a second for an hour', () => {
  assert.equal(secondsPerTickFor(1), 1);
  assert.equal(secondsPerTickFor(3600), 1);
  assert.equal(secondsPerTickFor(3601), 2);
  for (const ttl of [1, 3600, 3601, 86_400, 1_814_400]) {
    assert.ok(Math.ceil(ttl / secondsPerTickFor(ttl)) <= maxTtlTicks);
    assert.equal(tickAt(7 * secondsPerTickFor(ttl), secondsPerTickFor(ttl)), 7);
  }
});

for (const ttl of [60, 1800, 3600, 10_000]) {
  const perTick = secondsPerTickFor(ttl);
  // The sweeper comes by every sixtieth of the TTL.
  const often = Math.max(1, Math.floor(ttl / 60));

  test(`after a pause of the whole process of any length peers are forgotten as they should be (TTL ${ttl})`, () => {
    for (let pause = 0; pause < 3 * turn * perTick; pause += Math.ceil(97 * perTick * 1.37)) {
      const store = createStore(4 << 20, ttl);
      const start = 1_000_000 + 13 * pause;
      for (let n = 19; n >= 0; n--) announce(store, n, start - Math.floor((n * ttl) / 40));
      sweep(store, start);
      const resumed = start + often + pause;
      // Others are served before the sweeper has its turn.
      announce(store, 100, resumed);
      for (let round = 0; round < 3; round++) sweep(store, resumed + round * often);
      const age = (n: number) => resumed + 2 * often - (start - Math.floor((n * ttl) / 40));
      let alive = 1;
      let certain = 1;
      for (let n = 0; n < 20; n++) {
        if (age(n) <= ttl + 2 * often + 2 * perTick) alive++;
        if (age(n) < ttl - 2 * often - 2 * perTick) certain++;
      }
      const found = peersIn(store);
      assert.ok(
        found >= certain && found <= alive,
        `${found} peers, not ${certain} to ${alive}, after ${pause} s`,
      );
    }
  });

  test(`a sweeper that stood still for any time keeps nobody for more than a TTL longer (TTL ${ttl})`, () => {
    for (let pause = ttl; pause < 3 * turn * perTick; pause += Math.ceil(331 * perTick * 1.37)) {
      const store = createStore(4 << 20, ttl);
      const start = 1_000_000 + 7 * pause;
      announce(store, 1, start);
      sweep(store, start);
      // Threads that answer go on all the while, and one peer announces as it should.
      let now = start;
      for (; now < start + pause; now += Math.ceil(ttl / 3)) announce(store, 2, now, 2);
      announce(store, 2, now, 2);
      sweep(store, now);
      assert.ok(peersIn(store) <= 2);
      sweep(store, now + often);
      const alive = new Visit().setSwarm(2);
      const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
      store.scrape(alive.infoHash, 0, counts);
      assert.equal(counts.incomplete, 1, `the one that announces is gone after ${pause} s`);
      for (let later = often; later <= ttl + 2 * often + 2 * perTick; later += often) {
        announce(store, 2, now + later, 2);
        sweep(store, now + later);
      }
      assert.equal(peersIn(store), 1, `the dead one is kept after ${pause} s`);
    }
  });
}

test('a snapshot that is taken after a pause holds nobody who was there before it', () => {
  for (let pause = 3700; pause < 30_000; pause += 501) {
    const store = createStore(4 << 20, 3600);
    announce(store, 1, 50_000);
    sweep(store, 50_000);
    const after = clockAt(50_000 + pause);
    const other = createStore(4 << 20, 3600);
    const loaded = other
      .createSnapshotDecoder(readerOf(joined(encodeStore(store, after))))
      .decode(after, true);
    assert.deepEqual([loaded.peers, loaded.expired], [0, 1], `after ${pause} s`);
  }
});

test('a thread that took the time before a pause harms nobody by using it after', () => {
  const store = createStore(4 << 20, 3600);
  announce(store, 1, 50_000);
  sweep(store, 50_000);
  announce(store, 2, 80_000);
  announce(store, 3, 50_001);
  for (let now = 80_000; now < 80_300; now += 60) sweep(store, now);
  assert.equal(peersIn(store), 1);
});

test('any mixture of announces, rounds and pauses leaves the living and none who is long dead', () => {
  const step = fc.record({
    peer: fc.nat(30),
    pause: fc.oneof({ weight: 8, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(40_000) }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ttl = 600;
      const store = createStore(4 << 20, ttl);
      const seen = new Map<number, number>();
      let now = 100_000;
      for (const { peer, pause } of steps) {
        now += pause;
        announce(store, peer, now, peer);
        seen.set(peer, now);
        sweep(store, now);
        for (const [other, at] of seen) {
          const visit = new Visit().setSwarm(other);
          const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
          store.scrape(visit.infoHash, 0, counts);
          assert.equal(counts.incomplete, now - at <= ttl ? 1 : 0, `peer ${other}, ${now - at} s old`);
          if (now - at > ttl) seen.delete(other);
        }
      }
    }),
    { numRuns: 200 },
  );
});
