// What goes when memory is short, and what a flood of random info_hashes cannot push out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { clockAt, encodeStore, joined, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

const mebibyte = 1024 ** 2;

/** The public address a.b.c.1, numbered through: 11.0.0.1, 11.0.1.1 … each a network of its own. */
function addressIn(network: number): number {
  return (11 + (network >>> 16)) | (((network >>> 8) & 0xff) << 8) | ((network & 0xff) << 16) | (1 << 24);
}

class Client extends Visit {
  from(network: number, port = 6881): this {
    this.address[0] = addressIn(network);
    this.port = port;
    return this;
  }
}

function incompleteOf(store: SwarmStore, swarm: number): number {
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  store.scrape(new Visit().setSwarm(swarm).infoHash, 0, counts);
  return counts.incomplete;
}

/** Swarms 0 … `swarms` − 1 with three peers of three networks each. */
function settle(store: SwarmStore, swarms: number): void {
  const client = new Client();
  for (let swarm = 0; swarm < swarms; swarm++) {
    for (let i = 0; i < 3; i++) {
      assert.ok(store.announce(client.setSwarm(swarm).from(swarm * 3 + i), 10, 1), `swarm ${swarm}`);
    }
  }
}

const floodFrom = 1_000_000;

test('a flood of random info_hashes evicts itself, the oldest first, and no swarm of two networks', () => {
  const store = createStore(8 * mebibyte);
  const real = 5000;
  settle(store, real);
  const flood = 500_000;
  const client = new Client();
  for (let n = 0; n < flood; n++) {
    assert.ok(store.announce(client.setSwarm(floodFrom + n).from(100_000 + (n % 1000)), 10, 1 + n / 100_000));
  }
  for (let swarm = 0; swarm < real; swarm++) assert.equal(incompleteOf(store, swarm), 3, `swarm ${swarm}`);
  const { swarms, evictedSwarms, evictedPeers, bytesInUse, memoryLimit, leechers4 } = store.totals();
  assert.equal(swarms + evictedSwarms, real + flood);
  assert.equal(evictedPeers, evictedSwarms);
  assert.equal(leechers4, real * 3 + flood - evictedPeers);
  assert.ok(bytesInUse <= memoryLimit);
  // What is left is mostly the newest.
  const kept = swarms - real;
  assert.ok(kept > 40_000, `${kept} of the flood are left`);
  let newest = 0;
  const newestOf = Math.floor(kept / 2);
  for (let n = flood - newestOf; n < flood; n++) newest += incompleteOf(store, floodFrom + n);
  assert.ok(newest > newestOf * 0.9, `${newest} of the newest ${newestOf} are left`);
});

test('real swarms begin and grow under a flood that has filled the memory', () => {
  const store = createStore(8 * mebibyte);
  const flooder = new Client();
  let flooded = 0;
  const floodOn = (count: number) => {
    for (let n = 0; n < count; n++, flooded++) {
      assert.ok(store.announce(flooder.setSwarm(floodFrom + flooded).from(100_000 + (n % 1000)), 0, 1));
    }
  };
  floodOn(120_000);
  const client = new Client();
  const peers = 60;
  const real = 250;
  for (let i = 0; i < peers; i++) {
    for (let swarm = 0; swarm < real; swarm++) {
      assert.ok(store.announce(client.setSwarm(swarm).from(swarm * peers + i), 20, 1), `peer ${i}`);
      floodOn(5);
    }
  }
  let lost = 0;
  // A swarm's first peer is on probation until the second has come.
  for (let swarm = 0; swarm < real; swarm++) lost += peers - incompleteOf(store, swarm);
  assert.ok(lost <= real / 100, `${lost} peers lost`);
});

test('swarms of one network that hold many peers are evicted like others', () => {
  const store = createStore(4 * mebibyte);
  settle(store, 500);
  const client = new Client();
  for (let n = 0; n < 20_000; n++) {
    for (let host = 1; host <= 6; host++) {
      client.setSwarm(floodFrom + n).from(n % 1000).address[0] += host << 24;
      assert.ok(store.announce(client, 0, 1), `swarm ${n}`);
    }
  }
  for (let swarm = 0; swarm < 500; swarm++) assert.equal(incompleteOf(store, swarm), 3);
  assert.ok(store.totals().evictedPeers > 6000);
});

test('a store full of swarms of two networks refuses, keeps all of them, and takes others when room comes back', () => {
  const store = createStore(4 * mebibyte);
  const client = new Client();
  let full = 0;
  const announceBoth = (swarm: number) =>
    store.announce(client.setSwarm(swarm).from(1), 10, 1) &&
    store.announce(client.setSwarm(swarm).from(2), 10, 1);
  while (announceBoth(full)) full++;
  assert.ok(full > 10_000, `full after ${full} swarms`);
  // The one that was refused stays behind with one peer, and may go; after it nothing can.
  let refused = 0;
  for (let swarm = 0; swarm < full; swarm++) {
    if (!store.announce(client.setSwarm(swarm).from(3), 10, 1)) refused++;
  }
  assert.ok(refused > full / 2, `${refused} refused`);
  for (let swarm = 0; swarm < full; swarm++) assert.ok(incompleteOf(store, swarm) >= 2, `swarm ${swarm}`);
  assert.ok(store.totals().evictedSwarms <= 1);
  client.event = Event.stopped;
  for (let swarm = 0; swarm <= full; swarm++) {
    announceBoth(swarm);
    store.announce(client.setSwarm(swarm).from(3), 0, 1);
  }
  client.event = Event.none;
  for (let swarm = 0; swarm < full * 0.7; swarm++) {
    assert.ok(store.announce(client.setSwarm(full + swarm).setPeer(6, swarm), 0, 10), `swarm ${swarm}`);
  }
});

test('swarms kept for their downloaded counter go when memory is short, and those with peers stay', () => {
  const store = createStore(4 * mebibyte);
  const client = new Client();
  client.seeding = true;
  for (let swarm = 0; swarm < 10_000; swarm++) {
    client.setSwarm(swarm).from(swarm).event = Event.completed;
    store.announce(client, 0, 1);
    client.event = Event.stopped;
    store.announce(client, 0, 1);
  }
  client.event = Event.none;
  for (let swarm = 0; swarm < 30_000; swarm++) {
    assert.ok(store.announce(client.setSwarm(floodFrom + swarm).from(swarm & 1), 0, 2));
    assert.ok(store.announce(client.setSwarm(floodFrom + swarm).from(2 + (swarm & 1)), 0, 2));
    if (store.totals().evictedIdleSwarms > 9000) break;
  }
  assert.ok(store.totals().evictedIdleSwarms > 9000);
});

test('IPv6 peers of one /48 leave a swarm on probation, of two they end it', () => {
  for (const [secondNetwork, survives] of [
    [0, false],
    [1, true],
  ] as const) {
    const store = createStore(4 * mebibyte);
    const client = new Visit().setSwarm(1).setPeer(6, 1);
    client.address[0] = 0x01002a2a;
    store.announce(client, 0, 1);
    client.address[1] = 0x00010000 + secondNetwork;
    client.address[3] = 2;
    store.announce(client, 0, 1);
    const flooder = new Client();
    for (let n = 0; n < 100_000; n++) store.announce(flooder.setSwarm(floodFrom + n).from(n), 0, 2);
    assert.equal(incompleteOf(store, 1), survives ? 2 : 0);
  }
});

test('a snapshot keeps what no flood can evict', () => {
  const before = createStore(8 * mebibyte);
  settle(before, 1000);
  const client = new Client();
  // The second and third peers leave; two networks have been in it all the same.
  client.event = Event.stopped;
  for (let swarm = 0; swarm < 1000; swarm++) {
    for (let i = 1; i < 3; i++) before.announce(client.setSwarm(swarm).from(swarm * 3 + i), 0, 1);
  }
  const store = createStore(4 * mebibyte);
  const saved = readerOf(joined(encodeStore(before, clockAt(1))));
  store.createSnapshotDecoder(saved).decode(clockAt(1), true);
  client.event = Event.none;
  for (let n = 0; n < 100_000; n++) {
    assert.ok(store.announce(client.setSwarm(floodFrom + n).from(n), 0, 2));
  }
  for (let swarm = 0; swarm < 1000; swarm++) assert.equal(incompleteOf(store, swarm), 1, `swarm ${swarm}`);
});

test('threads that flood at once evict nothing real, and the totals add up', async () => {
  const store = createStore(8 * mebibyte);
  settle(store, 2000);
  const swarms = 100_000;
  const workers = [0, 1, 2].map((number) => {
    const workerData = { buffer: store.buffer, first: floodFrom + number * swarms, swarms };
    return new Worker(new URL('./flooding-thread.js', import.meta.url), { workerData });
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
  for (let swarm = 0; swarm < 2000; swarm++) assert.equal(incompleteOf(store, swarm), 3, `swarm ${swarm}`);
  const totals = store.totals();
  assert.equal(totals.swarms + totals.evictedSwarms, 2000 + 3 * swarms);
  assert.equal(totals.leechers4 + totals.evictedPeers, 6000 + 3 * swarms);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});
