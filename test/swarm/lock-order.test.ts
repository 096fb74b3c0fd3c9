// The order of the locks: a wrong one is caught, and everything that the store does keeps it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { classTable, header, shardRow } from '../../src/swarm/layout.ts';
import { lock, tryLock, unlock } from '../../src/swarm/lock.ts';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { WalkSlice } from '../../src/swarm/store-walk.ts';
import { clockAt, encodeStore, joined, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

checkStoreLocks();

function locksOf(words: Int32Array) {
  return {
    evict: header.evictLock as number,
    shard: words[header.shards] + shardRow.lock,
    otherShard: words[header.shards] + shardRow.size + shardRow.lock,
    journal: header.journalLock as number,
    sizeClass: classTable as number,
    pool: header.poolLock as number,
  };
}

test('the locks are taken in their order, and in no other', () => {
  const words = new Int32Array(createStore(4 << 20).buffer);
  const { otherShard, ...locks } = locksOf(words);
  const order = Object.values(locks);
  for (const at of order) lock(words, at);
  for (const at of order.toReversed()) unlock(words, at);
  for (const [first, from] of order.entries()) {
    for (const to of order.slice(0, first + 1)) {
      lock(words, from);
      assert.throws(() => lock(words, to), /^Error: lock \w+ \(word \d+\) after \w+/);
      unlock(words, from);
    }
  }
  lock(words, locks.shard);
  assert.throws(() => lock(words, otherShard), /lock shard .* after shard/);
  unlock(words, locks.shard);
  assert.throws(() => unlock(words, locks.pool), /does not hold it/);
  assert.throws(() => lock(words, header.magic), /is no lock/);
  // Tried first, held after.
  assert.ok(tryLock(words, locks.evict));
  assert.throws(() => lock(words, locks.evict), /lock evict .* after evict/);
  unlock(words, locks.evict);
  assert.equal(words[locks.evict], 0);
});

test('whatever the store does keeps the order: announces, eviction, expiry, copies, loading, dropping', () => {
  const store = createStore(4 << 20, 600);
  const visit = new Visit();
  const changes = store.createChangeEncoder();
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  const clock = clockAt(2000);
  for (let n = 0; n < 120_000; n++) {
    visit.setSwarm(n % 3 === 0 ? 1 : n).setPeer(n % 5 === 0 ? 6 : 4, n % 9000);
    visit.event = [Event.none, Event.started, Event.completed, Event.stopped][n % 4];
    visit.seeding = n % 7 === 0;
    store.announce(visit, 10, 1000 + (n >> 7));
    if (n % 1000 === 0) store.sweep(1000 + (n >> 7), 2048);
    if (n % 5000 === 0) store.scrape(visit.infoHash, 0, counts);
    // Often: a store as small as this is full now and then, and has no page for the next change.
    if (n % 100 === 0) while (changes.next(clock));
  }
  assert.ok(store.totals().evictedSwarms > 0, 'nothing was evicted');
  changes.close();
  const other = createStore(4 << 20, 600);
  other.createSnapshotDecoder(readerOf(joined(encodeStore(store, clock)))).decode(clock, true);
  while (!store.drop(visit.setSwarm(1).infoHash, 0));
  for (let shard = 0; shard < store.shardCount; shard++) store.readShard(shard);
  const walk = store.walk();
  const slice = new WalkSlice();
  for (let n = 0; n < 200; n++) walk.read(slice);
  walk.readSwarm(visit.infoHash, 0, slice);
  while (!store.sweep(10_000, 4096));
  for (const { buffer } of [store, other]) assert.deepEqual(checkStore(buffer).faults, []);
});
