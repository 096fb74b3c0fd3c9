// The swarms of connections: against a model of plain Maps, from several threads at once, and what they share with the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Event } from '../../src/protocol/event.ts';
import {
  ConnectionVisit,
  holderField,
  holderWords,
  placeOf,
  Visited,
} from '../../src/swarm/connection-visit.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { WalkSlice, walkedConnection, walkedPeer, walkedSeeder } from '../../src/swarm/store-walk.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { scrapeAll } from '../../src/tracker/full-scrape.ts';
import { clockAt, encodeStore, joined, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

checkStoreLocks();

const encoder = new TextEncoder();

/** A visit of peer `n` of swarm `swarm` over connection `connection` of an address. */
function visitOf(
  visit: ConnectionVisit,
  swarm: number,
  n: number,
  connection: number,
  address = 10,
): ConnectionVisit {
  visit.infoHash.set(new Visit().setSwarm(swarm).infoHash);
  // As many clients make them: only the last digits differ.
  const id = encoder.encode(`-WW0007-${String(n).padStart(12, '0')}`);
  visit.peerId.set(new Int32Array(id.buffer.slice(0, 20)));
  visit.place = connection;
  visit.generation = 1;
  visit.family = 4;
  visit.address[0] = address;
  visit.event = Event.none;
  visit.seeding = false;
  return visit;
}

function countsOf(store: SwarmStore, swarm: number) {
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  store.scrape(new Visit().setSwarm(swarm).infoHash, 0, counts);
  return counts;
}

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

interface ModelPeer {
  connection: number;
  seeder: boolean;
  partial: boolean;
  counted: boolean;
  seen: number;
}

test('two hundred thousand random operations agree with a plain Map', () => {
  const ttl = 400;
  const store = createStore(64 * 2 ** 20, ttl);
  const below = random(7);
  const visit = new ConnectionVisit();
  const model = new Map<number, { peers: Map<number, ModelPeer>; downloaded: number }>();
  let now = 50_000;
  const swarmOf = (n: number) => {
    const known = model.get(n) ?? { peers: new Map<number, ModelPeer>(), downloaded: 0 };
    model.set(n, known);
    return known;
  };
  for (let step = 0; step < 200_000; step++) {
    const number = below(3) === 0 ? 0 : below(300);
    const n = number === 0 ? below(5000) : below(10);
    const swarm = swarmOf(number);
    const before = swarm.peers.get(n);
    // Mostly its own connection, sometimes another one, from its own address or from elsewhere.
    const stranger = below(20) === 0;
    const connection = stranger ? 1_000_000 + n : n;
    const address = stranger ? addressOfStranger(n) : 10 + n;
    visitOf(visit, number, n, connection, address);
    const dice = below(100);
    const removing = Math.floor(step / 25_000) % 2 === 1;
    if (dice < (removing ? 60 : 10)) {
      const stopped = store.connections.stop(visit);
      assert.equal(stopped, before?.connection === connection);
      if (stopped) swarm.peers.delete(n);
    } else {
      visit.event = dice < 70 ? Event.none : dice < 85 ? Event.completed : Event.paused;
      visit.seeding = below(3) === 0;
      const want = below(5) === 0 ? 0 : below(30);
      const others = [...swarm.peers].filter(
        ([other, peer]) => other !== n && !(visit.seeding && peer.seeder),
      ).length;
      const visited = store.connections.announce(visit, want, now);
      const holderAddress = before && before.connection > 999_999 ? addressOfStranger(n) : 10 + n;
      if (before !== undefined && before.connection !== connection && holderAddress !== address) {
        assert.equal(visited, Visited.taken);
        assert.equal(visit.holder[holderField.place], before.connection);
      } else {
        assert.equal(visited, before?.connection === connection ? Visited.renewed : Visited.joined);
        assert.equal(visit.otherCount, Math.min(want, others));
        const seen = new Set<number>();
        for (let i = 0; i < visit.otherCount; i++) {
          const other = visit.others[i * holderWords + holderField.place] % 1_000_000;
          assert.notEqual(other, n, 'a peer is given itself');
          assert.ok(!seen.has(other), 'a peer is given twice');
          assert.ok(swarm.peers.has(other), 'a peer is given that is not there');
          assert.ok(!(visit.seeding && swarm.peers.get(other)!.seeder), 'a seeder is given a seeder');
          seen.add(other);
        }
        const counted =
          before !== undefined &&
          !before.seeder &&
          !before.counted &&
          visit.seeding &&
          visit.event === Event.completed;
        if (counted) swarm.downloaded++;
        swarm.peers.set(n, {
          connection,
          seeder: visit.seeding,
          partial: !visit.seeding && visit.event === Event.paused,
          counted: counted || before?.counted === true,
          seen: now,
        });
      }
    }
    if (below(100) === 0) now++;
    if (number !== 0 || below(200) === 0) {
      const peers = [...swarm.peers.values()];
      const complete = peers.filter(({ seeder }) => seeder).length;
      const partial = peers.filter((peer) => peer.partial).length;
      const incomplete = peers.length - complete;
      assert.deepEqual(countsOf(store, number), {
        complete,
        incomplete,
        downloaded: swarm.downloaded,
        downloaders: incomplete - partial,
      });
    }
    if (below(10_000) === 0) {
      now += below(ttl);
      while (!store.sweep(now, 1000));
      for (const { peers } of model.values())
        for (const [n, peer] of peers) if (now - peer.seen > ttl) peers.delete(n);
      assert.deepEqual(checkStore(store.buffer).faults, []);
    }
  }
  assert.deepEqual(checkStore(store.buffer).faults, []);
  const all = [...model.values()].filter(({ peers }) => peers.size > 0);
  const totals = store.totals();
  assert.equal(totals.connectionSwarms, all.length);
  assert.equal(
    totals.connectionLeechers + totals.connectionSeeders,
    all.reduce((sum, { peers }) => sum + peers.size, 0),
  );
  assert.equal(totals.leechers6 + totals.seeders6 + totals.swarms, 0);
  now += 10 * ttl;
  while (!store.sweep(now, 100_000));
  assert.equal(store.totals().connectionSwarms, 0);
});

/** Some come from the peer's own address, and some from elsewhere. */
const addressOfStranger = (n: number) => (n % 2 === 0 ? 5_000 : 10 + n);

test('what comes over connections only is not a download, unless a leecher that was there completes', () => {
  const store = createStore();
  const visit = new ConnectionVisit();
  // As a browser that seeds begins.
  Object.assign(visitOf(visit, 1, 1, 1), { seeding: true, event: Event.completed });
  assert.equal(store.connections.announce(visit, 5, 1), Visited.joined);
  assert.equal(countsOf(store, 1).downloaded, 0);
  store.connections.announce(visitOf(visit, 1, 2, 2), 5, 1);
  for (const seeding of [true, false, true]) {
    Object.assign(visitOf(visit, 1, 2, 2), { seeding, event: Event.completed });
    store.connections.announce(visit, 5, 2);
  }
  assert.deepEqual(countsOf(store, 1), { complete: 2, incomplete: 0, downloaded: 1, downloaders: 0 });
  // It is kept when everybody has gone, as it is for other peers.
  for (const n of [1, 2]) assert.ok(store.connections.stop(visitOf(visit, 1, n, n)));
  assert.deepEqual(countsOf(store, 1), { complete: 0, incomplete: 0, downloaded: 1, downloaders: 0 });
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('scrapes give the sum of both kinds, announces over UDP and HTTP their own', () => {
  const store = createStore();
  const visit = new Visit();
  const connection = new ConnectionVisit();
  visit.setSwarm(1).setPeer(4, 1).seeding = true;
  store.announce(visit, 10, 1);
  store.connections.announce(visitOf(connection, 1, 1, 1), 10, 1);
  store.connections.announce(visitOf(connection, 2, 1, 1), 10, 1);
  store.announce(visit, 10, 1);
  assert.deepEqual([visit.complete, visit.incomplete, visit.peers], [1, 0, 0]);
  assert.deepEqual(countsOf(store, 1), { complete: 1, incomplete: 1, downloaded: 0, downloaders: 1 });
  const all = [...scrapeAll(store)].filter((swarm) => swarm !== undefined);
  assert.equal(all.length, 2, 'a torrent of both kinds is listed once');
  assert.equal(store.totals().swarms, 1);
  assert.equal(store.totals().connectionSwarms, 2);
});

test('they are in no snapshot, and a download that they ended is', () => {
  const store = createStore();
  const visit = new ConnectionVisit();
  store.connections.announce(visitOf(visit, 1, 1, 1), 5, 1);
  Object.assign(visitOf(visit, 1, 1, 1), { seeding: true, event: Event.completed });
  store.connections.announce(visit, 5, 1);
  const other = createStore();
  const clock = clockAt(10);
  other.createSnapshotDecoder(readerOf(joined(encodeStore(store, clock)))).decode(clock, true);
  assert.equal(other.totals().connectionSwarms, 0);
  assert.deepEqual(countsOf(other, 1), { complete: 0, incomplete: 0, downloaded: 1, downloaders: 0 });
});

test('what happens to them while another process copies the store takes nothing from the swarms of the same torrents', () => {
  const store = createStore(4 << 20);
  const visit = new Visit();
  // Two networks each.
  for (let n = 0; n < 200; n++) {
    store.announce(visit.setSwarm(n).setPeer(4, 1), 0, 1);
    store.announce(visit.setSwarm(n).setPeer(4, 100_000), 0, 1);
  }
  const connection = new ConnectionVisit();
  store.connections.announce(visitOf(connection, 1, 1, 1), 0, 1);
  const clock = clockAt(10);
  const changes = store.createChangeEncoder();
  const row = encodeStore(store, clock);
  Object.assign(visitOf(connection, 1, 1, 1), { seeding: true, event: Event.completed });
  store.connections.announce(connection, 0, 2);
  for (let round = 0; round < 20; round++) {
    for (let n = 0; n < 6000; n++)
      store.connections.announce(
        visitOf(connection, n % 200 === 0 ? n / 200 : 1000 + round * 6000 + n, n, 3),
        0,
        2,
      );
    for (let section = changes.next(clock); section; section = changes.next(clock)) row.push(section.slice());
  }
  assert.ok(store.totals().evictedSwarms > 1000, 'nothing was evicted');
  row.push(changes.end(clock).slice());
  changes.close();
  const copy = createStore();
  const decoder = copy.createSnapshotDecoder(readerOf(joined(row)));
  decoder.decode(clock, true, true);
  decoder.decode(clock, true, true);
  assert.equal(copy.totals().leechers4, 400);
  assert.equal(countsOf(copy, 1).downloaded, 1);
  assert.deepEqual(checkStore(copy.buffer).faults, []);
});

test('a torrent that is dropped has no peers of either kind, however many they are', () => {
  const store = createStore();
  const visit = new Visit();
  const connection = new ConnectionVisit();
  for (const swarm of [1, 2]) {
    store.announce(visit.setSwarm(swarm).setPeer(4, 1), 0, 1);
    for (let n = 0; n < 3000; n++) store.connections.announce(visitOf(connection, swarm, n, n, n), 0, 1);
  }
  let slices = 1;
  while (!store.drop(visit.setSwarm(1).infoHash, 0)) slices++;
  assert.ok(slices > 2, 'all of them at once would hold up others');
  assert.equal(countsOf(store, 1).incomplete, 0);
  assert.equal(countsOf(store, 2).incomplete, 3001);
  assert.equal(store.totals().connectionLeechers, 3000);
  assert.equal(store.connections.find(visitOf(connection, 1, 5, 5)), false);
  // And may come again.
  assert.equal(store.connections.announce(visitOf(connection, 1, 5, 5), 0, 2), Visited.joined);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('a flood of swarms of one network makes room for itself and leaves the established ones', () => {
  const store = createStore(4 << 20);
  const visit = new ConnectionVisit();
  // Two networks each.
  for (let n = 0; n < 200; n++) {
    store.connections.announce(visitOf(visit, n, 1, 1, 0x01020b), 0, 1);
    store.connections.announce(visitOf(visit, n, 2, 2, 0x01020c), 0, 1);
  }
  for (let n = 1000; n < 150_000; n++) {
    const visited = store.connections.announce(visitOf(visit, n, n, 3, 0x01020d), 0, 2);
    assert.equal(visited, Visited.joined);
  }
  assert.ok(store.totals().evictedSwarms > 0);
  assert.ok(store.totals().bytesInUse <= 4 << 20);
  for (let n = 0; n < 200; n++) assert.equal(countsOf(store, n).incomplete, 2);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('what is left after most have gone takes little more than it needs', () => {
  const store = createStore(16 << 20, 1000);
  const visit = new ConnectionVisit();
  for (let n = 0; n < 40_000; n++) store.connections.announce(visitOf(visit, n >> 2, n, n), 0, 1);
  for (let n = 0; n < 40_000; n++) if (n % 16 > 0) store.connections.stop(visitOf(visit, n >> 2, n, n));
  for (let round = 0; round < 6; round++) while (!store.sweep(2, 100_000));
  const { faults, liveBytes, bytesInUse } = checkStore(store.buffer);
  assert.deepEqual(faults, []);
  assert.ok(bytesInUse < liveBytes * 1.5 + 30 * 65_536, `${bytesInUse} for ${liveBytes}`);
});

test('threads that announce and stop at once leave a whole store', async () => {
  const store = createStore();
  const program = new URL('./connecting-thread.js', import.meta.url);
  const peers = 3000;
  await Promise.all(
    [0, 1, 2].map(
      (number) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(program, { workerData: { buffer: store.buffer, number, peers } });
          worker.on('error', reject);
          worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
        }),
    ),
  );
  assert.deepEqual(checkStore(store.buffer).faults, []);
  const { connectionLeechers, connectionSeeders } = store.totals();
  assert.equal(connectionLeechers + connectionSeeders, (3 * peers) / 2);
});

test('a swarm that is read alone shows its connections beside its other peers, with the address that holds them', () => {
  const store = createStore();
  const visit = new ConnectionVisit();
  for (let n = 0; n < 700; n++) {
    const { connections } = store;
    const peer = visitOf(visit, 1, n, n + 1, 1000 + n);
    peer.seeding = n < 100;
    assert.equal(connections.announce(peer, 0, 1000), Visited.joined);
  }
  const slice = new WalkSlice();
  const { infoHash } = new Visit().setSwarm(1);
  assert.ok(store.walk().readSwarm(infoHash, 0, slice));
  assert.deepEqual([slice.connectionSeeders, slice.connectionLeechers, slice.swarmCount], [100, 600, 0]);
  const heads = Array.from({ length: slice.peerCount }, (_, i) => slice.peers[i * walkedPeer.size]);
  assert.ok(heads.every((head) => (head & ~walkedSeeder) === (walkedConnection | 4)));
  const seeders = heads.filter((head) => (head & walkedSeeder) !== 0).length;
  assert.equal(seeders, 100);
  assert.ok(heads.length - seeders >= 256 && heads.length < 700);
  const addresses = heads.map((_, i) => slice.peers[i * walkedPeer.size + walkedPeer.address]);
  assert.equal(new Set(addresses).size, heads.length);
  assert.ok(addresses.every((address) => address >= 1000 && address < 1700));

  const other = new Visit().setSwarm(1);
  assert.ok(store.announce(other.setPeer(4, 1), 0, 1000));
  assert.ok(store.walk().readSwarm(infoHash, 0, slice));
  assert.deepEqual([slice.swarmCount, slice.connectionSeeders + slice.connectionLeechers], [1, 700]);
});

test('peers of other machines are counted in scrapes and announces, with and without peers here', () => {
  const store = createStore(8 * 2 ** 20, 400);
  const visit = new ConnectionVisit();
  const hash = (swarm: number) => new Visit().setSwarm(swarm).infoHash;
  const { connections } = store;
  assert.ok(connections.counts.noteFar(hash(1), 0, 3, 40));
  assert.deepEqual(countsOf(store, 1), { complete: 3, incomplete: 40, downloaded: 0, downloaders: 40 });
  assert.equal(connections.announce(visitOf(visit, 1, 1, 1), 5, 1000), Visited.joined);
  assert.deepEqual([visit.complete, visit.incomplete, visit.otherCount], [3, 41, 0]);
  store.announce(Object.assign(new Visit().setSwarm(1).setPeer(4, 9), { seeding: true }), 0, 1000);
  assert.deepEqual(countsOf(store, 1), { complete: 4, incomplete: 41, downloaded: 0, downloaders: 41 });
  assert.deepEqual(checkStore(store.buffer).faults, []);
  // They are told while a peer is here, and outlive it.
  connections.counts.noteFar(hash(1), 0, 5, 6);
  assert.ok(connections.stop(visitOf(visit, 1, 1, 1)));
  assert.deepEqual([visit.complete, visit.incomplete], [5, 6]);
  assert.deepEqual(countsOf(store, 1), { complete: 6, incomplete: 6, downloaded: 0, downloaders: 6 });
  assert.deepEqual(checkStore(store.buffer).faults, []);
  connections.counts.noteFar(hash(1), 0, 0, 0);
  connections.counts.noteFar(hash(2), 0, 0, 0);
  assert.deepEqual(countsOf(store, 1), { complete: 1, incomplete: 0, downloaded: 0, downloaders: 0 });
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('a full scrape lists torrents that only other machines have WebTorrent peers of', () => {
  const store = createStore(8 * 2 ** 20, 400);
  store.connections.counts.noteFar(new Visit().setSwarm(4).infoHash, 0, 1, 2);
  const listed = [...scrapeAll(store)].flatMap((swarm) => (swarm ? [{ ...swarm }] : []));
  assert.deepEqual(
    listed.map(({ complete, incomplete, downloaded }) => [complete, incomplete, downloaded]),
    [[1, 2, 0]],
  );
});

test('counts of other machines saturate, and there is a bound of memory to how many are kept', () => {
  const store = createStore(4 * 2 ** 20, 400);
  const { connections } = store;
  connections.counts.noteFar(new Visit().setSwarm(1).infoHash, 0, 20_000, 1e6);
  assert.deepEqual(countsOf(store, 1), {
    complete: 16_383,
    incomplete: 16_383,
    downloaded: 0,
    downloaders: 16_383,
  });
  let kept = 0;
  for (let swarm = 2; swarm < 50_000; swarm++)
    if (connections.counts.noteFar(new Visit().setSwarm(swarm).infoHash, 0, 1, 1)) kept++;
  assert.ok(kept > 5000 && kept < 20_000, `${kept}`);
  assert.ok(store.totals().bytesInUse < 2 * 2 ** 20);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('the peers of a thread that is no more leave, whatever the size of their swarm, and those of its next life stay', () => {
  const store = createStore(64 * 2 ** 20, 3600);
  const visit = new ConnectionVisit();
  const last = -(2 ** 31) + 5;
  const held: { swarm: number; n: number; thread: number; generation: number }[] = [];
  for (let n = 0; n < 12_000; n++) {
    const swarm = n % 2 === 0 ? 0 : n % 500;
    // Numbers go round behind the largest.
    const generation = (last - 12_000 + n + (n % 10 === 0 ? 12_000 : 0)) | 0;
    const peer = { swarm, n, thread: n % 3, generation };
    held.push(peer);
    visitOf(visit, swarm, n, placeOf(peer.thread, n));
    visit.generation = generation;
    visit.seeding = n % 4 < 2;
    visit.event = n % 8 === 4 ? Event.paused : Event.none;
    assert.equal(store.connections.announce(visit, 5, 100), Visited.joined);
  }
  const leaves = ({ thread, generation }: (typeof held)[number]) =>
    thread === 1 && ((last - generation) | 0) >= 0;
  assert.ok(
    held.filter(leaves).length > 3000 && held.filter((one) => one.thread === 1 && !leaves(one)).length > 300,
  );
  const leaving = store.peersOfThread(1, last);
  let slices = 1;
  while (!leaving.forget()) slices++;
  assert.ok(slices > 5, `${slices} slices`);
  assert.deepEqual(checkStore(store.buffer).faults, []);
  for (const one of held) {
    visitOf(visit, one.swarm, one.n, placeOf(one.thread, one.n));
    assert.equal(store.connections.find(visit), !leaves(one), JSON.stringify(one));
  }
  for (let swarm = 0; swarm < 500; swarm++) {
    const { complete, incomplete } = countsOf(store, swarm);
    assert.equal(complete + incomplete, held.filter((one) => one.swarm === swarm && !leaves(one)).length);
  }
});
