// The store against a model of plain Maps: a million random operations must agree in every answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { createStore, Visit } from './visit.ts';

checkStoreLocks();

interface ModelPeer {
  seeder: boolean;
  partial: boolean;
  counted: boolean;
  seen: number;
}

interface ModelSwarm {
  peers: Map<number, ModelPeer>;
  downloaded: number;
}

// Swarm n is drawn with a weight that makes a few of them large (thousands of peers) and most of them tiny.
const swarmCount = 2000;
const ttl = 500;

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

function run(operations: number, seed: number): void {
  const store = createStore(96 * 1024 ** 2, ttl);
  const below = random(seed);
  const model = new Map<number, ModelSwarm>();
  const visit = new Visit();
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  let now = 100_000;

  // Keys of both families in one number; an IPv6 peer is negative.
  const keyOf = (family: 4 | 6, n: number) => (family === 4 ? n : -n - 1);

  const expected = (swarm: ModelSwarm | undefined) => {
    let complete = 0;
    let partial = 0;
    for (const peer of swarm?.peers.values() ?? []) {
      if (peer.seeder) complete++;
      else if (peer.partial) partial++;
    }
    const incomplete = (swarm?.peers.size ?? 0) - complete;
    return { complete, incomplete, downloaded: swarm?.downloaded ?? 0, downloaders: incomplete - partial };
  };

  for (let step = 0; step < operations; step++) {
    const swarmNumber = below(4) === 0 ? below(3) : below(swarmCount);
    const family = below(4) === 0 ? 6 : 4;
    const n = swarmNumber < 3 ? below(12_000) : below(12);
    visit.setSwarm(swarmNumber).setPeer(family, n);
    const phase = Math.floor(step / (operations / 8)) % 2;
    const dice = below(100);
    // Odd phases remove more than they add, so that swarms grow and shrink again.
    visit.event =
      dice < (phase ? 60 : 8)
        ? Event.stopped
        : dice < 70
          ? Event.none
          : dice < 80
            ? Event.completed
            : dice < 90
              ? Event.paused
              : Event.started;
    visit.seeding = below(3) === 0;
    visit.fillWithIpv4 = family === 6 && below(2) === 0;
    const want = below(10) === 0 ? 0 : below(120);
    const swarm = model.get(swarmNumber);
    const key = keyOf(family, n);
    const before = swarm?.peers.get(key);
    const seeder = visit.seeding;

    assert.equal(store.announce(visit, want, now), true);

    if (visit.event === Event.stopped) {
      swarm?.peers.delete(key);
      assert.equal(visit.peers + visit.ipv4Peers, 0);
    } else {
      const others = { own: 0, ipv4: 0 };
      // Walking a large swarm's model for each step would take hours: check every peer handed out, and the number of
      // them where the model is small or at random.
      const thorough = (swarm?.peers.size ?? 0) < 50 || below(200) === 0;
      if (thorough) {
        for (const [other, peer] of swarm?.peers ?? []) {
          if (other === key || (seeder && peer.seeder)) continue;
          if (other < 0 === (family === 6)) others.own++;
          else if (other >= 0) others.ipv4++;
        }
        assert.equal(visit.peers, Math.min(want, others.own));
        const filled = visit.fillWithIpv4 ? Math.min(want - visit.peers, others.ipv4) : 0;
        assert.equal(visit.ipv4Peers, filled);
      }
      const seen = new Set<number>();
      visit.listPeers().forEach((peer, i) => {
        const other = keyOf(peer.family, peer.n);
        assert.ok(!seen.has(other), 'a peer is handed out twice');
        seen.add(other);
        assert.notEqual(other, key, 'the announcer is handed to itself');
        const known = swarm?.peers.get(other);
        assert.ok(known, `peer ${other} is not in the swarm`);
        assert.ok(!(seeder && known.seeder), 'a seeder is given a seeder');
        assert.equal(visit.outPeerIds![i * 5], peer.n, 'a peer_id belongs to another peer');
        assert.equal(visit.outPeerIds![i * 5 + 4], peer.n);
      });
      const target = swarm ?? { peers: new Map(), downloaded: 0 };
      model.set(swarmNumber, target);
      const counts = seeder && visit.event === Event.completed && !before?.seeder && !before?.counted;
      if (counts) target.downloaded++;
      target.peers.set(key, {
        seeder,
        partial: !seeder && visit.event === Event.paused,
        counted: counts || before?.counted === true,
        seen: now,
      });
    }
    if (below(100) === 0) now += 1;
    if (swarmNumber >= 3 || below(500) === 0) {
      store.scrape(visit.infoHash, 0, counts);
      const want = expected(model.get(swarmNumber));
      assert.deepEqual(counts, want);
      assert.equal(visit.complete, want.complete);
      assert.equal(visit.incomplete, want.incomplete);
      assert.equal(visit.downloaded, want.downloaded);
    }
    if (below(20_000) === 0) {
      now += below(ttl);
      while (!store.sweep(now, 1000));
      for (const swarm of model.values()) {
        for (const [key, peer] of swarm.peers) if (now - peer.seen > ttl) swarm.peers.delete(key);
      }
      assert.deepEqual(checkStore(store.buffer).faults, []);
    }
  }

  assert.deepEqual(checkStore(store.buffer).faults, []);
  const totals = store.totals();
  const all = [...model.values()].filter((swarm) => swarm.peers.size > 0);
  assert.equal(totals.swarms, all.length);
  assert.equal(
    totals.leechers4 + totals.leechers6,
    all.reduce((sum, swarm) => sum + expected(swarm).incomplete, 0),
  );
  assert.equal(
    totals.seeders4 + totals.seeders6,
    all.reduce((sum, swarm) => sum + expected(swarm).complete, 0),
  );
  let read = 0;
  for (let shard = 0; shard < store.shardCount; shard++) read += store.readShard(shard).length / 9;
  assert.equal(read, all.length);

  // Everything stopped gives everything back: only idle counters and one chunk a class may stay.
  now += 10 * ttl;
  while (!store.sweep(now, 100_000));
  assert.deepEqual(
    { ...store.totals(), bytesInUse: 0 },
    { ...createStore(96 * 1024 ** 2).totals(), bytesInUse: 0 },
  );
}

for (const seed of [1, 2]) {
  test(`a million random operations agree with a plain Map (seed ${seed})`, () => run(500_000, seed));
}
