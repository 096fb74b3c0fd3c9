// What nodes sum up while peers come and go: where nothing is missing their sums are the same, and what is missing shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overdueAges } from '../../src/cluster/overdue.ts';
import type { ShardSums } from '../../src/cluster/shard-sums.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { comparedTicks, StoreSums } from '../../src/cluster/store-sums.ts';
import { smallShardBits, UnsureShards } from '../../src/cluster/unsure-shards.ts';
import { openMessage } from '../../src/cluster/wire.ts';
import { Event } from '../../src/protocol/event.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { createStore, Visit } from '../swarm/visit.ts';
import { MergingNode } from './merging-node.ts';

const bits = 14;
const ttlTicks = 3600;

function announce(
  store: SwarmStore,
  swarm: number,
  peer: number,
  now: number,
  event: Event = Event.none,
  seeding = false,
) {
  const visit = new Visit().setSwarm(swarm).setPeer(peer % 3 === 0 ? 6 : 4, peer);
  visit.event = event;
  visit.seeding = seeding;
  store.announce(visit, 0, now);
}

function reading(store: SwarmStore, begunAt: number): StoreSums {
  return new StoreSums(store.createPeerReader(), { bits, ttlTicks, secondsPerTick: 1, begunAt });
}

function read(store: SwarmStore, now: number): StoreSums {
  const sums = reading(store, now);
  while (!sums.done) sums.read(now);
  return sums;
}

function differing(all: readonly StoreSums[]): number {
  const unsure = all.map((one) => one.unsure);
  const sums: ShardSums[] = all.map((one) => one.sureSums(unsure));
  const least = Math.min(...sums.map((one) => one.bits));
  const [first, ...others] = sums.map((one) => one.folded(least));
  return [...first.counts.keys()].filter((shard) => others.some((one) => !one.equals(first, shard))).length;
}

test('two stores that the same peers came to in another order have the same sums, whenever they were seen', () => {
  const peers = Array.from({ length: 500 }, (_, n) => n);
  const fill = (store: SwarmStore, some: number[], now: number) => {
    for (const peer of some) announce(store, peer % 7, peer, now, Event.none, peer % 5 === 0);
  };
  const [one, other] = [createStore(16 * 2 ** 20, 3600), createStore(16 * 2 ** 20, 3600)];
  fill(one, peers, 1000);
  fill(other, [...peers].reverse(), 1500);
  assert.equal(differing([read(one, 1600), read(other, 1600)]), 0);
  announce(other, 1, 501, 1600);
  assert.equal(differing([read(one, 1600), read(other, 1600)]), 1);
});

test('how often a large swarm was downloaded counts once, in however many parts it is read', () => {
  const stores = [1, 2, 3].map(() => createStore(16 * 2 ** 20, 3600));
  for (const store of stores)
    for (let peer = 0; peer < 3000; peer++) {
      announce(store, 1, peer, 1000);
      announce(store, 1, peer, 1001, Event.completed, true);
    }
  assert.equal(differing(stores.map((store) => read(store, 1100))), 0);
});

test('of what comes and goes while nodes read they are unsure, and of nothing else', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name, i) => new MergingNode(name, 100_000 * i));
  const nodes = [a, b, c];
  let now = 10_000_000;
  const exchange = () => {
    const told = nodes.map((node) => node.tell(now));
    for (const [from, message] of told.entries())
      if (message) for (const [to, node] of nodes.entries()) if (to !== from) node.hear(message, now, 50);
    return told.filter((message) => message !== undefined);
  };
  for (let peer = 0; peer < 4000; peer++) {
    nodes[peer % 3].announce(now, peer % 40, peer % 3 === 0 ? 6 : 4, peer, Event.started);
    if (peer % 500 === 0) exchange();
  }
  exchange();
  now += 5000;
  const sums = nodes.map((node) => reading(node.store, node.seconds(now)));
  const note = (messages: readonly Uint8Array[]) => {
    for (const bytes of messages) {
      const message = openMessage(bytes, createSignature(''));
      assert.ok(typeof message === 'object');
      for (const one of sums) one.note(message);
    }
  };
  // Refreshes, as many as there are peers.
  for (let peer = 0; peer < 4000; peer++)
    nodes[peer % 3].announce(now, peer % 40, peer % 3 === 0 ? 6 : 4, peer, Event.none);
  note(exchange());
  assert.equal(sums[0].unsure.count, 0);
  // And changes in the midst of reading, each node at another point of it.
  let changed = 0;
  for (let turn = 0; sums.some((one) => !one.done); turn++, now += 50) {
    for (const [i, one] of sums.entries())
      if (turn % (i + 1) === 0 && !one.done) one.read(nodes[i].seconds(now));
    for (let n = 0; n < 20; n++, changed++) {
      const peer = (changed * 7) % 4000;
      nodes[changed % 3].announce(now, peer % 40, peer % 3 === 0 ? 6 : 4, peer, Event.stopped);
      nodes[changed % 3].announce(now, changed % 40, 4, 10_000 + changed, Event.started);
    }
    note(exchange());
  }
  assert.ok(changed >= 40 && sums[0].unsure.count > changed, `${changed} changed`);
  assert.equal(differing(sums), 0, 'nothing is missing');
  // What one lacks is found all the same.
  b.announce(now, 41, 4, 20_000, Event.started);
  b.tell(now);
  assert.equal(differing(nodes.map((node) => read(node.store, node.seconds(now)))), 1);
});

test('where something is missing for sure nothing is left out', () => {
  const store = createStore(16 * 2 ** 20, 3600);
  for (let peer = 0; peer < 100; peer++) announce(store, 1, peer, 1000);
  const all = read(store, 1100);
  for (let n = 0; n < 1 << bits; n++) all.unsure.add(n << (32 - bits));
  assert.equal(all.allSums().items, 100);
  assert.equal(all.sureSums([]).items, 0);
});

test('who is about to be forgotten is left out, and a border that two nodes see otherwise is no difference', () => {
  const [one, other] = [createStore(16 * 2 ** 20, ttlTicks), createStore(16 * 2 ** 20, ttlTicks)];
  const border = comparedTicks(ttlTicks, 1);
  assert.ok(border > ttlTicks - 200 && border < ttlTicks - 60);
  const now = 20_000;
  for (let peer = 0; peer < 1000; peer++) {
    announce(one, peer % 9, peer, now - border - 2 + (peer % 4));
    announce(other, peer % 9, peer, now - border - 2 + ((peer + 1) % 4));
  }
  for (let peer = 1000; peer < 1100; peer++) {
    announce(one, peer % 9, peer, now - border - 10);
    for (const store of [one, other]) announce(store, peer % 9, peer + 1000, now - 100);
  }
  assert.equal(differing([read(one, now), read(other, now)]), 0);
  announce(other, 3, 5000, now - border + 60);
  assert.equal(differing([read(one, now), read(other, now)]), 1);
});

test('those who have not come back are told of once, before others forget them', () => {
  const parts = { ttlTicks: 10_800, secondsPerTick: 1, refreshTicks: 3600 };
  const first = overdueAges({ ...parts, sinceSeconds: Number.POSITIVE_INFINITY });
  const usual = overdueAges({ ...parts, sinceSeconds: 60 });
  assert.equal(usual.from, first.from);
  assert.ok(usual.from > parts.ttlTicks - 2 * parts.refreshTicks, 'not those who stay');
  assert.ok(
    usual.to + parts.refreshTicks < comparedTicks(parts.ttlTicks, 1),
    'while their copies are compared',
  );
  assert.ok(usual.to - usual.from >= 60 && usual.to - usual.from < 70);
  assert.ok(first.to - first.from <= 602);
  const usualTtl = overdueAges({ ...parts, ttlTicks: 3600, refreshTicks: 900, sinceSeconds: 60 });
  assert.ok(usualTtl.from > 1800 && usualTtl.to < 3600 - 900 - 120);
  for (const [short, refreshTicks] of [
    [120, 30],
    [400, 100],
  ]) {
    const ages = overdueAges({ ttlTicks: short, secondsPerTick: 1, refreshTicks, sinceSeconds: 60 });
    assert.equal(ages.from, ages.to);
  }
});

test('what a node is unsure of is told in few bytes, and in a bit each where it is much', () => {
  assert.equal(smallShardBits(0), 12);
  assert.equal(smallShardBits(1_000_000), 18);
  assert.equal(smallShardBits(1e9), 22);
  for (const count of [0, 1, 50, 3000]) {
    const unsure = new UnsureShards(12);
    for (let n = 0; n < count; n++) unsure.add(Math.imul(n, 0x9e3779b1));
    const bytes = unsure.encode();
    assert.ok(bytes.length <= Math.min(2 + 4 * count, 2 + 512), `${bytes.length} bytes`);
    const again = UnsureShards.decode(bytes)!;
    assert.equal(again.count, unsure.count);
    assert.deepEqual(again.encode(), bytes);
    const other = new UnsureShards(12);
    other.addAll(again);
    assert.equal(other.count, unsure.count);
  }
  for (const wrong of [[], [12], [12, 0, 1], [12, 2], [30, 0], [12, 1, 0, 0, 0, 0], [12, 0, 0, 16, 0, 0]])
    assert.equal(UnsureShards.decode(Uint8Array.from(wrong)), undefined, `${wrong}`);
});
