// What the store promises about its memory: bytes in use ≤ 1.5 × what lives in it + a fixed reserve, whatever has come
// and gone in whatever order, as soon as the sweeper has been round; and a flood that tries to pin memory pins nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { chunkBytes } from '../../src/swarm/layout.ts';
import { sizeClasses } from '../../src/swarm/size-classes.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { createStore, Visit } from './visit.ts';

const mebibyte = 1024 ** 2;
/** A chunk that is being filled in each size class. */
const reserve = sizeClasses.length * chunkBytes;

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

class Client extends Visit {
  /** Host `host` of network `network`, in public IPv4 or IPv6. */
  at(family: 4 | 6, network: number, host: number, port = 6881): this {
    this.family = family;
    if (family === 4) {
      this.address[0] =
        (11 + ((network >>> 16) & 63)) | ((network & 0xffff) << 8) | ((1 + (host & 0xff)) << 24);
    } else {
      // 2a00:network::/48, a /64 for each sixteen hosts.
      this.address[0] = 0x002a | (network << 16);
      this.address[1] = (network >>> 16) | ((host >>> 4) << 16);
      this.address[2] = 0;
      this.address[3] = host & 15;
    }
    this.port = port;
    this.event = Event.none;
    return this;
  }
}

/** Twice round: what the first one has made sparse, the second one empties. */
function sweepAround(store: SwarmStore, now: number): void {
  for (let round = 0; round < 3; round++) while (!store.sweep(now, 4096));
}

function assertBound(store: SwarmStore, what: string): void {
  const { faults, liveBytes, bytesInUse } = checkStore(store.buffer);
  assert.deepEqual(faults, []);
  const bound = 1.5 * liveBytes + reserve;
  const figures = `${bytesInUse} bytes in use, ${liveBytes} live, ${(bytesInUse / bound).toFixed(2)} of the bound`;
  assert.ok(bytesInUse <= bound, `${what}: ${figures}`);
}

/** Swarms of 0 to about `most` peers of one or two families that grow and shrink at random, and are promoted or not. */
function churn(store: SwarmStore, seed: number, swarms: number, most: number, now: number): void {
  const below = random(seed);
  const sizes = Array.from({ length: swarms }, () => [0, 0]);
  const client = new Client();
  for (let phase = 0; phase < 4; phase++) {
    for (let swarm = 0; swarm < swarms; swarm++) {
      for (const [index, family] of ([4, 6] as const).entries()) {
        if (family === 6 && swarm % 3 !== 0) continue;
        const aim = phase % 2 === 0 ? below(most) + 1 : below(4) === 0 ? below(sizes[swarm][index] + 1) : 1;
        const size = sizes[swarm][index];
        // Peers that no address limit touches: one of each host, of one network or of two.
        const network = (n: number) => swarm * 4 + (swarm % 2 === 0 ? n % 2 : 0);
        for (let n = size; n < aim; n++)
          store.announce(client.setSwarm(swarm).at(family, network(n), n >>> 2, 1000 + (n & 3)), 0, now);
        for (let n = aim; n < size; n++) {
          client.setSwarm(swarm).at(family, network(n), n >>> 2, 1000 + (n & 3)).event = Event.stopped;
          store.announce(client, 0, now);
        }
        sizes[swarm][index] = aim;
      }
    }
  }
}

for (const [what, swarms, most] of [
  ['swarms of a few peers', 20_000, 6],
  ['swarms of up to a hundred peers', 6000, 100],
  ['swarms of up to a thousand peers', 900, 800],
] as const) {
  for (const seed of [1, 2]) {
    test(`memory stays within its bound: ${what} that grow and shrink (seed ${seed})`, () => {
      const store = createStore(96 * mebibyte);
      churn(store, seed, swarms, most, 1);
      sweepAround(store, 1);
      assertBound(store, 'after growing and shrinking');
      churn(store, seed + 10, swarms, Math.ceil(most / 2), 2);
      sweepAround(store, 2);
      assertBound(store, 'after growing and shrinking again');
    });
  }
}

test('memory stays within its bound when each size is left by all swarms but a few', () => {
  const store = createStore(32 * mebibyte);
  const client = new Client();
  const swarms = 3000;
  for (let size = 1; size <= 24; size++) {
    // The tail of each size stays where it is, established; all others grow on.
    for (let swarm = 0; swarm < swarms; swarm++) {
      if (swarm % 24 < size - 1 && swarm % 97 === size) continue;
      store.announce(client.setSwarm(swarm).at(4, swarm * 2 + (size & 1), size), 0, 1);
    }
  }
  for (let swarm = 0; swarm < swarms; swarm++) {
    if (swarm % 50 === 0) continue;
    for (let size = 2; size <= 24; size++) {
      client.setSwarm(swarm).at(4, swarm * 2 + (size & 1), size).event = Event.stopped;
      store.announce(client, 0, 1);
    }
  }
  sweepAround(store, 1);
  assertBound(store, 'after all but one in fifty have shrunk');
});

test('memory stays within its bound when a swarm of many has lost nearly all its peers', () => {
  const store = createStore(64 * mebibyte);
  const client = new Client();
  const peers = 200_000;
  for (const family of [4, 6] as const) {
    for (let n = 0; n < peers; n++) store.announce(client.setSwarm(1).at(family, n >>> 4, n & 15), 0, 1);
    for (let n = 0; n < peers; n++) {
      if (n % 1500 === 0) continue;
      client.setSwarm(1).at(family, n >>> 4, n & 15).event = Event.stopped;
      store.announce(client, 0, 1);
    }
  }
  sweepAround(store, 1);
  assertBound(store, 'one swarm');
  const { liveBytes, objects } = checkStore(store.buffer);
  const live = objects.reduce((sum, count, sizeClass) => sum + count * sizeClasses[sizeClass] * 4, 0);
  assert.ok(live <= 2 * liveBytes + 1024, `${live} bytes of objects for ${liveBytes} live ones`);
});

test('memory stays within its bound when swarms kept for their counter are all that is left', () => {
  const store = createStore(32 * mebibyte);
  const client = new Client();
  for (let swarm = 0; swarm < 60_000; swarm++) {
    client.setSwarm(swarm).at(4, swarm, 1).event = swarm % 7 === 0 ? Event.completed : Event.none;
    store.announce(client, 0, 1);
  }
  for (let swarm = 0; swarm < 60_000; swarm++) {
    client.setSwarm(swarm).at(4, swarm, 1).event = Event.stopped;
    store.announce(client, 0, 1);
  }
  sweepAround(store, 1);
  assertBound(store, 'idle swarms');
});

/**
 * Swarms of one size after the other from a single network, in one of about `one in` of which a peer then stops and one
 * of a second network comes: established where it lies, in the midst of what a flood leaves behind.
 */
function pin(store: SwarmStore, family: 4 | 6, sizes: readonly number[], swarms: number): number[] {
  const client = new Client();
  const established: number[] = [];
  let swarm = 10_000_000 * family;
  for (const size of sizes) {
    for (let n = 0; n < swarms; n++, swarm++) {
      for (let peer = 0; peer < size; peer++) {
        const host = family === 4 ? n : (n << 6) + (peer >>> 2) * 16;
        client.setSwarm(swarm).at(family, 1, host & 0xffff, 1000 + (peer & 3));
        store.announce(client, 0, 1);
      }
      if (n % 250 !== 0) continue;
      client.event = Event.stopped;
      store.announce(client, 0, 1);
      store.announce(client.setSwarm(swarm).at(family, 2, 1), 0, 1);
      established.push(swarm);
    }
  }
  return established;
}

for (const [what, family, sizes] of [
  ['two, three and four ports of an address', 4, [2, 3, 4]],
  ['many sizes of one IPv6 network', 6, [2, 3, 4, 5, 6, 8, 10, 12, 14, 16]],
] as const) {
  test(`a flood of swarms with ${what} pins no memory: real swarms grow and new ones begin`, () => {
    const store = createStore(16 * mebibyte);
    const swarms = Math.ceil(700_000 / sizes.reduce((sum, size) => sum + size, 0));
    // Twice over: the second time it finds memory as the first time has left it.
    for (let turn = 0; turn < 2; turn++) pin(store, family, sizes, swarms);
    const client = new Client();
    let refused = 0;
    for (let peer = 0; peer < 30; peer++) {
      for (let swarm = 0; swarm < 2000; swarm++) {
        if (!store.announce(client.setSwarm(swarm).at(4, 100 + swarm * 30 + peer, 1), 10, 2)) refused++;
      }
    }
    assert.equal(refused, 0, `${refused} of 60000 announces of real swarms were refused`);
    let lost = 0;
    const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
    for (let swarm = 0; swarm < 2000; swarm++) {
      store.scrape(client.setSwarm(swarm).infoHash, 0, counts);
      lost += 30 - counts.incomplete;
    }
    // A swarm's first peer is on probation until the second one has come.
    assert.ok(lost <= 2000, `${lost} of 60000 peers of real swarms were lost`);
    sweepAround(store, 2);
    assertBound(store, 'after the flood');
  });
}

test('threads announce and evict while another sweeps and moves what lies there, and the store stays whole', async () => {
  const store = createStore(16 * mebibyte);
  const client = new Client();
  // Sparse from the beginning: established swarms of many sizes, nearly all of whose peers have left.
  for (const leave of [false, true]) {
    for (let swarm = 0; swarm < 4000; swarm++) {
      for (let n = leave ? 2 : 0; n < 3 + (swarm % 20); n++) {
        client.setSwarm(swarm).at(4, swarm * 2 + (n & 1), n);
        if (leave) client.event = Event.stopped;
        store.announce(client, 0, 1);
      }
    }
  }
  const swarms = 100_000;
  const workers = [0, 1].map((number) => {
    const workerData = { buffer: store.buffer, first: 20_000_000 + number * swarms, swarms };
    return new Worker(new URL('./flooding-thread.js', import.meta.url), { workerData });
  });
  let running = workers.length;
  const ends = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('exit', (code) => {
          running--;
          if (code === 0) resolve();
          else reject(new Error(`exit ${code}`));
        });
      }),
  );
  while (running > 0) {
    for (let slice = 0; slice < 50; slice++) store.sweep(1, 512);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(ends);
  assert.deepEqual(checkStore(store.buffer).faults, []);
  const totals = store.totals();
  assert.equal(totals.swarms + totals.evictedSwarms, 4000 + 2 * swarms);
  assert.equal(totals.leechers4 + totals.evictedPeers, 4000 * 2 + 2 * swarms);
});
