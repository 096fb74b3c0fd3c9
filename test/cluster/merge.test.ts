// What is told in any order, twice, and by clocks that agree on nothing, ends in the same swarms on all nodes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { Event, MergingNode } from './merging-node.ts';

const start = 5_000_000;

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

function nodes(...offsets: number[]): MergingNode[] {
  return offsets.map((offset, i) => new MergingNode(`node${i}`, offset));
}

/** Everything that `from` has to tell reaches the others, some time later. */
function spread(from: MergingNode, all: MergingNode[], now: number, laterMs = 20): void {
  const message = from.tell(now);
  if (message === undefined) return;
  for (const node of all) if (node !== from) node.hear(message, now + laterMs, laterMs);
}

function exchangeAll(all: MergingNode[], now: number): void {
  const parked = all.map((node) => node.park(now));
  for (const [i, bytes] of parked.entries())
    for (const [j, node] of all.entries()) if (i !== j && bytes.length > 0) node.hear(bytes, now + 50, 50);
}

function assertSame(all: MergingNode[], now: number): void {
  const [first, ...rest] = all.map((node) => node.content(now));
  for (const content of rest) assert.deepEqual(content, first);
  for (const node of all) assert.deepEqual(checkStore(node.store.buffer).faults, []);
}

test('a peer that announces on one node is known on the others, in its role, and gone when it stops', () => {
  const all = nodes(0, 900_000_000, -4_000_000);
  const [a, b, c] = all;
  a.announce(start, 1, 4, 10, Event.started);
  b.announce(start, 1, 6, 11, Event.started, true);
  for (const node of all) spread(node, all, start + 100);
  assert.equal(c.content(start + 200).size, 2);
  assertSame(all, start + 200);
  // Within the same second, and on another node.
  a.announce(start + 300, 1, 4, 10, Event.stopped);
  spread(a, all, start + 400);
  assert.equal(c.content(start + 500).size, 1);
  a.announce(start + 600, 1, 4, 10, Event.started);
  spread(a, all, start + 700);
  assert.equal(c.content(start + 800).size, 2);
  c.announce(start + 10_000, 1, 6, 11, Event.stopped);
  spread(c, all, start + 10_100);
  assert.equal(b.content(start + 10_200).size, 1);
  assertSame(all, start + 10_200);
});

test('a completion is counted once, on whichever nodes it is told, told again, or told with the stop', () => {
  const all = nodes(7, 80_000, 900_000);
  const [a, b, c] = all;
  for (const node of [a, b]) node.announce(start, 1, 4, 10, Event.started);
  for (const node of all) spread(node, all, start + 100);
  a.announce(start + 5000, 1, 4, 10, Event.completed, true);
  b.announce(start + 5010, 1, 4, 10, Event.completed, true);
  const told = [a.tell(start + 5100)!, b.tell(start + 5100)!];
  for (const message of [...told, ...told]) c.hear(message, start + 5150, 50);
  b.hear(told[0], start + 5150, 50);
  a.hear(told[1], start + 5150, 50);
  // One that begins and completes before anybody is told that it is there, and one that was known.
  a.announce(start + 5200, 2, 4, 20, Event.started);
  a.announce(start + 5210, 2, 4, 20, Event.completed, true);
  b.announce(start + 5200, 2, 4, 21, Event.started);
  spread(b, all, start + 5250);
  b.announce(start + 5260, 2, 4, 21, Event.none);
  b.announce(start + 5270, 2, 4, 21, Event.completed, true);
  for (const node of [a, b]) spread(node, all, start + 5300);
  for (const node of all) assert.equal(node.content(start + 5400).get('2'), '2 times');
  // One that completes and is gone before anybody could be told that it was there.
  c.announce(start + 6000, 1, 4, 12, Event.completed, true);
  c.announce(start + 6010, 1, 4, 12, Event.stopped, true);
  spread(c, all, start + 6100);
  for (const node of all) assert.equal(node.content(start + 7000).get('1'), '2 times');
  assertSame(all, start + 7000);
});

test('a refresh is told once a third of the TTL, one after another node told of the peer at once', () => {
  const all = nodes(0, 5000);
  const [a, b] = all;
  a.announce(start, 1, 4, 10, Event.started);
  spread(a, all, start + 100);
  let told = 0;
  for (let seconds = 10; seconds < 3600; seconds += 10) {
    a.announce(start + seconds * 1000, 1, 4, 10, Event.none);
    const message = a.tell(start + seconds * 1000 + 100);
    if (message === undefined) continue;
    told++;
    b.hear(message, start + seconds * 1000 + 150, 50);
  }
  assert.ok(told >= 2 && told <= 4, `${told}`);
  b.announce(start + 3_600_000, 1, 4, 10, Event.none);
  assert.ok(b.tell(start + 3_600_100) !== undefined);
});

interface Told {
  from: number;
  at: number;
  bytes: Uint8Array;
}

/** Peers announce to any of the nodes, each `apartMs` apart at least; nobody hears anything yet. Returns when it ended. */
function announceAtRandom(
  all: MergingNode[],
  below: (limit: number) => number,
  apartMs: number,
  told: Told[],
): number {
  const last = new Map<number, number>();
  let now = start;
  const tell = (from: number) => {
    const bytes = all[from].tell(now);
    if (bytes !== undefined) told.push({ from, at: now, bytes });
  };
  for (let i = 0; i < 1500; i++) {
    now += 1 + below(20);
    const [swarm, peer, family] = [below(12), below(25), below(3) === 0 ? 6 : 4] as const;
    const who = swarm * 100 + peer * 2 + (family === 6 ? 1 : 0);
    if (now - (last.get(who) ?? Number.NEGATIVE_INFINITY) < apartMs) continue;
    last.set(who, now);
    const event = [Event.none, Event.started, Event.stopped, Event.completed, Event.paused][below(5)];
    all[below(4)].announce(now, swarm, family, peer, event, below(2) === 0);
    if (below(6) === 0) tell(below(4));
  }
  for (const from of all.keys()) tell(from);
  return now;
}

function hearAtRandom(all: MergingNode[], below: (limit: number) => number, told: Told[], now: number): void {
  for (const [to, node] of all.entries()) {
    const row = told.filter(({ from }) => from !== to);
    // Some come twice.
    row.push(...row.filter(() => below(4) === 0));
    row.sort(() => below(3) - 1);
    for (const { bytes, at } of row) node.hear(bytes, now, now - at);
  }
}

const agree = (all: MergingNode[], now: number) =>
  new Set(all.map((node) => JSON.stringify([...node.content(now)].filter(([, is]) => !is.includes('times')))))
    .size === 1;

test('news in any order, some of them twice, end in the same swarms on nodes whose clocks differ', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const below = random(seed);
    const all = nodes(below(1e9), below(1e9), 0, below(1e6));
    const told: Told[] = [];
    let now = announceAtRandom(all, below, 6000, told) + 500;
    hearAtRandom(all, below, told, now);
    for (let round = 0; round < 3; round++, now += 100) for (const node of all) spread(node, all, now);
    assert.ok(agree(all, now), `seed ${seed}`);
  }
});

test('where peers change on several nodes within a second, they agree when they have compared what they have', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const below = random(seed);
    const all = nodes(below(1e9), below(1e9), 0, below(1e6));
    const told: Told[] = [];
    let now = announceAtRandom(all, below, 0, told) + 500;
    hearAtRandom(all, below, told, now);
    let rounds = 0;
    do {
      exchangeAll(all, now);
      for (const node of all) spread(node, all, now + 1500);
      now += 60_000;
    } while (++rounds < 4 && !agree(all, now));
    assertSame(all, now);
  }
});

test('a node that comes back with peers that have left meanwhile is told so, and hands nobody out for long', () => {
  const all = nodes(0, 5000, 77_000);
  const [a, b, c] = all;
  for (const peer of [1, 2, 3]) a.announce(start, 1, 4, peer, Event.started);
  spread(a, all, start + 100);
  a.announce(start + 60_000, 1, 4, 1, Event.stopped);
  // Node c is cut off.
  const lost = a.tell(start + 60_100)!;
  b.hear(lost, start + 60_150, 50);
  assert.equal(c.content(start + 61_000).size, 3);
  exchangeAll(all, start + 300_000);
  for (const node of all) spread(node, all, start + 300_200);
  assert.equal(c.content(start + 301_000).size, 2);
  assertSame(all, start + 301_000);
});

test('what is older than the TTL is believed by nobody', () => {
  const [a, b] = nodes(0, 5000);
  a.announce(start, 1, 4, 1, Event.started);
  const message = a.tell(start + 100)!;
  b.hear(message, start + 3_700_000, 3_699_900);
  assert.equal(b.content(start + 3_700_000).size, 0);
});

test('a peer that left and came back reaches a node that has heard only that it left, from one that knows an old visit', () => {
  const all = nodes(0, 900_000, 70_000);
  const [stale, right, empty] = all;
  // `stale` knows it since before it left and has heard of nothing since, as after an engine that lost what it had;
  stale.announce(start, 1, 4, 10, Event.started);
  spread(stale, [right], start + 100);
  right.announce(start + 50_000, 1, 4, 10, Event.stopped);
  // and `empty` has heard that it left, and not that it came back.
  spread(right, [empty], start + 50_100);
  right.announce(start + 120_000, 1, 4, 10, Event.started);
  right.tell(start + 120_100);
  // Its role is the same at both that have it, so their sums are equal, and one of them tells all others what it knows.
  const parked = stale.park(start + 180_000);
  for (const node of [right, empty]) node.hear(parked, start + 180_050, 50);
  for (let round = 0; round < 2; round++)
    for (const node of all) spread(node, all, start + 180_200 + 100 * round);
  assert.equal(empty.content(start + 181_000).size, 1);
  assert.equal(stale.content(start + 181_000).size, 1);
  assertSame(all, start + 181_000);
});
