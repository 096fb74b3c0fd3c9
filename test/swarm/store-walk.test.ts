// The walk over the store and the dropping of swarms, against what was announced.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { header } from '../../src/swarm/layout.ts';
import { WalkSlice, walkedPeerWords, walkedSeeder, walkedSwarmWords } from '../../src/swarm/store-walk.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { Visit } from './visit.ts';

function createStore(): SwarmStore {
  const hashKey = Int32Array.of(1, 2, 3, 4);
  return SwarmStore.create({ memoryLimit: 64 * 1024 ** 2, hashKey, peerTtl: 3600 }, 1);
}

/** Swarm `n` gets `peers` peers of each family, every third a seeder. */
function fill(store: SwarmStore, swarm: number, peers: number): void {
  const visit = new Visit().setSwarm(swarm);
  for (const family of [4, 6] as const) {
    for (let n = 0; n < peers; n++) {
      visit.setPeer(family, n);
      visit.seeding = n % 3 === 0;
      assert.ok(store.announce(visit, 0, 1));
    }
  }
}

test('a walk meets every swarm and every peer of it once, with role, port and peer_id', () => {
  const store = createStore();
  const sizes = [1, 2, 7, 130, 5000];
  for (const [swarm, peers] of sizes.entries()) fill(store, swarm, peers);
  const walk = store.walk();
  const slice = new WalkSlice();
  const swarms = new Map<number, number>();
  const peers = new Set<string>();
  let total = 0;
  let seeders = 0;
  for (let done = false; !done; ) {
    done = walk.read(slice);
    for (let i = 0; i < slice.swarmCount; i++) {
      const at = i * walkedSwarmWords;
      swarms.set(slice.swarms[at], slice.swarms[at + 5] + slice.swarms[at + 6]);
    }
    for (let i = 0; i < slice.peerCount; i++) {
      const at = i * walkedPeerWords;
      const [head, a0, , , a3, id] = slice.peers.subarray(at, at + walkedPeerWords);
      const family = head & 0xff;
      const n = ((((family === 4 ? a0 : a3) >>> 8) << 12) | ((head >>> 16) - 1)) >>> 0;
      assert.equal(id, n, 'peer_id');
      assert.equal((head & walkedSeeder) !== 0, n % 3 === 0, 'role');
      if (head & walkedSeeder) seeders++;
      peers.add(`${family} ${n}`);
      total++;
    }
  }
  assert.deepEqual(
    [...swarms].sort(([a], [b]) => a - b),
    [...sizes.map((size) => size * 2).entries()],
  );
  const announced = sizes.reduce((sum, size) => sum + 2 * size, 0);
  assert.equal(total, announced);
  assert.equal(peers.size, 10_000);
  assert.equal(
    seeders,
    sizes.reduce((sum, size) => sum + 2 * Math.ceil(size / 3), 0),
  );
});

test('a sample is all large swarms and, in turn, each of the others', () => {
  const store = createStore();
  const small = 600;
  const large = [1000, 3000];
  for (let swarm = 1; swarm <= small; swarm++) fill(store, swarm, 2);
  for (const [index, peers] of large.entries()) fill(store, 1000 + index, peers);
  const peersInAll = 2 * (2 * small + large[0] + large[1]);
  const every = 4;
  const walk = store.walk();
  const slice = new WalkSlice();
  const met = new Map<number, number>();
  let swarms = 0;
  let peers = 0;
  for (let round = 0; round < every; round++) {
    for (let done = false; !done; ) {
      done = walk.read(slice, every);
      for (let at = 0; at < slice.swarmCount * walkedSwarmWords; at += walkedSwarmWords) {
        met.set(slice.swarms[at], (met.get(slice.swarms[at]) ?? 0) + 1);
        swarms += slice.swarms[at + 8];
      }
      peers += slice.peerCount * every;
    }
  }
  for (let swarm = 1; swarm <= small; swarm++) assert.equal(met.get(swarm), 1, `swarm ${swarm}`);
  for (const index of large.keys()) assert.equal(met.get(1000 + index), every);
  assert.equal(swarms, every * (small + large.length), 'each round stands for all swarms');
  assert.ok(Math.abs(peers / every / peersInAll - 1) < 0.1, `${peers / every} of ${peersInAll} peers`);
});

test('a walk over an empty store ends, and one swarm can be read by its info_hash', () => {
  const store = createStore();
  const walk = store.walk();
  const slice = new WalkSlice();
  let slices = 1;
  while (!walk.read(slice)) slices++;
  assert.equal(slices, store.shardCount / 2);
  fill(store, 3, 20);
  const { infoHash } = new Visit().setSwarm(3);
  assert.ok(store.walk().readSwarm(infoHash, 0, slice));
  assert.equal(slice.peerCount, 40);
  assert.equal(slice.swarms[5] + slice.swarms[6], 40);
  assert.equal(store.walk().readSwarm(new Visit().setSwarm(4).infoHash, 0, slice), false);
});

test('of a large swarm that is read alone, leechers do not hide the seeders', () => {
  const store = createStore();
  fill(store, 5, 3000);
  const slice = new WalkSlice();
  assert.ok(store.walk().readSwarm(new Visit().setSwarm(5).infoHash, 0, slice));
  const seeders = Array.from({ length: slice.peerCount }, (_, i) => slice.peers[i * 7]).filter(
    (head) => (head & walkedSeeder) !== 0,
  ).length;
  const all = slice.swarms[5] + slice.swarms[6];
  assert.ok(all >= 6000 && slice.peerCount < 1200, `${slice.peerCount} of ${all}`);
  assert.ok(seeders >= 100 && slice.peerCount - seeders >= 100, `${seeders} seeders of ${slice.peerCount}`);
});

for (const peers of [1, 100, 3000]) {
  test(`a dropped swarm of ${2 * peers} peers is unknown, and the others stay`, () => {
    const store = createStore();
    fill(store, 1, peers);
    fill(store, 2, 10);
    const completed = new Visit().setSwarm(1).setPeer(4, 1);
    completed.event = 1;
    store.announce(completed, 0, 1);
    const { infoHash } = new Visit().setSwarm(1);
    let slices = 1;
    while (!store.drop(infoHash, 0)) slices++;
    assert.ok(slices <= 1 + peers / 100, `${slices} slices`);
    const counts = { complete: -1, incomplete: -1, downloaded: -1, downloaders: -1 };
    store.scrape(infoHash, 0, counts);
    assert.deepEqual(counts, { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 });
    const { swarms, leechers4, seeders4, leechers6, seeders6 } = store.totals();
    assert.deepEqual([swarms, leechers4, seeders4, leechers6, seeders6], [1, 6, 4, 6, 4]);
    fill(store, 1, peers);
    assert.equal(store.totals().swarms, 2);
  });
}

test('dropping swarms of which only the counter is left gives their memory back', () => {
  const store = createStore();
  const idle = () => new Int32Array(store.buffer)[header.idleSwarms];
  const each = (use: (visit: Visit) => void) => {
    for (let swarm = 1; swarm <= 5000; swarm++) use(new Visit().setSwarm(swarm).setPeer(4, 1));
  };
  each((visit) => {
    visit.event = Event.completed;
    visit.seeding = true;
    store.announce(visit, 0, 1);
    visit.event = Event.stopped;
    store.announce(visit, 0, 1);
  });
  const { swarms, bytesInUse } = store.totals();
  assert.deepEqual([swarms, idle()], [0, 5000]);
  each(({ infoHash }) => assert.ok(store.drop(infoHash, 0)));
  assert.equal(idle(), 0);
  assert.equal(store.totals().swarms, 0);
  assert.ok(store.totals().bytesInUse < bytesInUse, 'the chunks of their entries are free again');
});
