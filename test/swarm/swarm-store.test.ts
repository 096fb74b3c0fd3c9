// What the store promises beyond agreeing with a model: limits, chance, order, and many threads at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { swarmWords } from '../../src/swarm/shard-swarms.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { createStore, Visit } from './visit.ts';

function counts() {
  return { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
}

test('a swarm of a million peers finds, samples and forgets each of them', () => {
  const store = createStore(128 * 1024 ** 2);
  const visit = new Visit().setSwarm(1);
  visit.outPeerIds = undefined;
  const peers = 1_000_000;
  for (let n = 0; n < peers; n++) {
    visit.setPeer(4, n).seeding = n % 4 === 0;
    assert.equal(store.announce(visit, 0, 1), true);
  }
  assert.equal(visit.complete + visit.incomplete, peers);
  // Again: nobody is inserted twice.
  for (let n = 0; n < peers; n += 97) {
    visit.setPeer(4, n).seeding = n % 4 === 0;
    store.announce(visit, 50, 2);
    assert.equal(visit.peers, 50);
    assert.equal(visit.complete + visit.incomplete, peers);
    for (const peer of visit.listPeers()) assert.ok(peer.n >= 0 && peer.n < peers && peer.n !== n);
  }
  visit.event = Event.stopped;
  for (let n = 0; n < peers; n++) store.announce(visit.setPeer(4, n), 0, 3);
  assert.equal(store.totals().swarms, 0);
  // All but the last chunk of each size class is free for others again.
  const { bytesInUse } = store.totals();
  assert.ok(bytesInUse < 8 * 1024 ** 2, `${bytesInUse} bytes are still in use`);
});

test('a seeder of a swarm with ten leechers among ten thousand seeders is given the leechers', () => {
  const store = createStore();
  const visit = new Visit().setSwarm(1);
  for (let n = 0; n < 10_010; n++) {
    visit.setPeer(4, n).seeding = n >= 10;
    store.announce(visit, 0, 1);
  }
  visit.setPeer(4, 20_000).seeding = true;
  store.announce(visit, 50, 1);
  const given = visit.listPeers().map((peer) => peer.n);
  assert.deepEqual(
    given.sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

for (const [size, want] of [
  [30, 10],
  [100, 50],
  [3000, 50],
] as const) {
  test(`${want} peers out of ${size} are chosen evenly`, () => {
    const store = createStore();
    const visit = new Visit().setSwarm(1);
    for (let n = 0; n < size; n++) {
      visit.setPeer(4, n).seeding = n % 3 === 0;
      store.announce(visit, 0, 1);
    }
    const chosen = new Float64Array(size);
    const rounds = 400 * Math.ceil(size / want);
    visit.setPeer(4, 0).seeding = false;
    for (let round = 0; round < rounds; round++) {
      store.announce(visit, want, 1);
      assert.equal(visit.peers, want);
      for (const peer of visit.listPeers()) chosen[peer.n]++;
    }
    const expected = (rounds * want) / (size - 1);
    const others = chosen.slice(1);
    assert.equal(chosen[0], 0);
    // Each peer's count is about binomial with mean 400; blocks of a large swarm add a little of their own.
    assert.ok(
      Math.min(...others) > expected * 0.6,
      `somebody was chosen ${Math.min(...others)} of ${expected} times`,
    );
    assert.ok(
      Math.max(...others) < expected * 1.6,
      `somebody was chosen ${Math.max(...others)} of ${expected} times`,
    );
  });
}

test('questions create nothing', () => {
  const store = createStore();
  const before = store.totals();
  const visit = new Visit();
  visit.event = Event.stopped;
  for (let n = 0; n < 1000; n++) {
    store.announce(visit.setSwarm(n).setPeer(4, n), 50, 1);
    store.scrape(visit.infoHash, 0, counts());
    assert.equal(visit.complete + visit.incomplete + visit.downloaded + visit.peers, 0);
  }
  assert.deepEqual(store.totals(), before);
});

test('a swarm without peers keeps its downloaded counter, up to a bound', () => {
  const store = createStore(4 * 1024 ** 2);
  const visit = new Visit();
  const finished = 30_000;
  for (let n = 0; n < finished; n++) {
    visit.setSwarm(n).setPeer(4, n);
    visit.event = Event.completed;
    visit.seeding = true;
    assert.equal(store.announce(visit, 0, 1), true, `swarm ${n}`);
    visit.event = Event.stopped;
    store.announce(visit, 0, 1);
  }
  let kept = 0;
  for (let n = 0; n < finished; n++) {
    const found = counts();
    store.scrape(visit.setSwarm(n).infoHash, 0, found);
    assert.equal(found.complete + found.incomplete, 0);
    kept += found.downloaded;
  }
  assert.equal(store.totals().swarms, 0);
  // An eighth of 4 MiB at 40 bytes each.
  assert.ok(kept > 10_000 && kept < 14_000, `${kept} counters kept`);
});

test('a peer is forgotten after the TTL, and not before', () => {
  const store = createStore(64 * 1024 ** 2, 3600);
  const visit = new Visit().setSwarm(1).setPeer(4, 1);
  store.announce(visit, 0, 1000);
  while (!store.sweep(1000 + 3600, 100));
  assert.equal(store.totals().swarms, 1);
  while (!store.sweep(1000 + 3601, 100));
  assert.equal(store.totals().swarms, 0);
});

test('a TTL of weeks is kept by coarser ticks', () => {
  const week = 7 * 24 * 3600;
  const store = createStore(64 * 1024 ** 2, week);
  const visit = new Visit().setSwarm(1).setPeer(6, 1);
  store.announce(visit, 0, 5_000_000);
  while (!store.sweep(5_000_000 + week, 100));
  assert.equal(store.totals().swarms, 1);
  while (!store.sweep(5_000_000 + week + 600, 100));
  assert.equal(store.totals().swarms, 0);
});

test('every swarm is read once, from one shard', () => {
  const store = createStore();
  const visit = new Visit();
  for (let n = 0; n < 5000; n++) store.announce(visit.setSwarm(n).setPeer(4, n), 0, 1);
  const seen = new Set<number>();
  for (let shard = 0; shard < store.shardCount; shard++) {
    const swarms = store.readShard(shard);
    for (let at = 0; at < swarms.length; at += swarmWords) {
      seen.add(swarms[at]);
      assert.deepEqual([...swarms.subarray(at + 5, at + 9)], [0, 1, 0, 1]);
    }
  }
  assert.equal(seen.size, 5000);
});

test('memory that is not a store is refused', () => {
  assert.throws(() => SwarmStore.attach(new SharedArrayBuffer(4096), 1), TypeError);
  assert.throws(() => createStore(1000), RangeError);
  assert.throws(() => createStore(5 * 1024 ** 3), RangeError);
});

test('threads that announce to the same swarms at once lose nothing', async () => {
  const store = createStore(128 * 1024 ** 2);
  const threads = 3;
  const peersPerThread = 40_000;
  const workers = Array.from({ length: threads }, (_, number) => {
    const workerData = { buffer: store.buffer, number, peers: peersPerThread };
    return new Worker(new URL('./announcing-thread.js', import.meta.url), { workerData });
  });
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once('error', reject);
          worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
        }),
    ),
  );
  // Each thread left every peer whose number is odd, in swarms 0 to 9.
  let peers = 0;
  for (let n = 0; n < 10; n++) {
    const found = counts();
    store.scrape(new Visit().setSwarm(n).infoHash, 0, found);
    peers += found.complete + found.incomplete;
  }
  assert.equal(peers, (threads * peersPerThread) / 2);
  const totals = store.totals();
  assert.equal(totals.swarms, 10);
  assert.equal(totals.leechers4 + totals.seeders4, peers);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});
