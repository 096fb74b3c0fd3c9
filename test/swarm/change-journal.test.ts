// A copy of the store that is kept up to date while the store goes on: in the end both hold the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { header } from '../../src/swarm/layout.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { clockAt, contentOf, encodeStore, joined, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

const now = 100_000;
const clock = clockAt(now + 60);

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

/** Swarms 0 and 1 become large, the rest stay small; every event happens, and both families. */
function change(store: SwarmStore, announces: number, below: (limit: number) => number, events = 5): void {
  const visit = new Visit();
  for (let i = 0; i < announces; i++) {
    const swarm = below(3) === 0 ? below(2) : 2 + below(1000);
    visit.setSwarm(swarm).setPeer(below(4) === 0 ? 6 : 4, swarm < 2 ? below(5000) : below(9));
    visit.event = [Event.stopped, Event.none, Event.started, Event.completed, Event.paused][below(events)];
    visit.seeding = below(3) === 0;
    assert.ok(store.announce(visit, 0, now + below(60)));
  }
}

/** The store as a process that takes over would have it: all swarms while they change, then the changes. */
function copyWhile(store: SwarmStore, between: () => void): SwarmStore {
  const changes = store.createChangeEncoder();
  const row = encodeStore(store, clock, 12_000, between);
  for (let rounds = 0; ; rounds++) {
    const section = changes.next(clock);
    if (section === undefined) break;
    row.push(section.slice());
    // Sections that are read while more is noted, and then the last ones.
    if (rounds < 5) between();
  }
  row.push(changes.end(clock).slice());
  changes.close();
  const copy = createStore(24 * 1024 ** 2);
  const decoder = copy.createSnapshotDecoder(readerOf(joined(row)));
  const base = decoder.decode(clock, true, true);
  assert.ok(base.complete && base.sections > 5);
  const rest = decoder.decode(clock, true, true);
  assert.equal(base.damaged + rest.damaged + base.refused + rest.refused, 0);
  assert.ok(rest.complete);
  return copy;
}

function assertSame(copy: SwarmStore, store: SwarmStore): void {
  const counted = (of: SwarmStore) => ({ ...of.totals(), bytesInUse: 0, memoryLimit: 0 });
  assert.deepEqual(counted(copy), counted(store));
  assert.deepEqual(contentOf(encodeStore(copy, clock)), contentOf(encodeStore(store, clock)));
}

test('a copy taken while peers come, change and stop ends up as the store', () => {
  for (const seed of [1, 2, 3]) {
    const below = random(seed);
    const store = createStore();
    change(store, 40_000, below);
    assertSame(
      copyWhile(store, () => change(store, 500, below)),
      store,
    );
  }
});

test('swarms that all their peers leave are gone from the copy, and their downloads are kept', () => {
  const below = random(5);
  const store = createStore(256 << 20);
  change(store, 40_000, below);
  const copy = copyWhile(store, () => change(store, 4000, below, 1));
  assertSame(copy, store);
  const idle = [...contentOf(encodeStore(store)).values()].filter(({ peers }) => peers.size === 0);
  assert.ok(idle.length > 20, `${idle.length} idle swarms mean nothing`);
});

test('a swarm that was dropped, and one that was and came back, are copied as such', () => {
  const below = random(6);
  const store = createStore();
  change(store, 40_000, below);
  const visit = new Visit();
  let step = 0;
  const copy = copyWhile(store, () => {
    for (const swarm of [0, 2 + step, 3 + step]) while (!store.drop(visit.setSwarm(swarm).infoHash, 0));
    visit.setSwarm(3 + step).setPeer(4, 7);
    store.announce(visit, 0, now);
    step += 2;
  });
  assert.ok(step > 10);
  assertSame(copy, store);
});

test('a peer that makes room for another of its address leaves the copy too', () => {
  const store = createStore();
  const visit = new Visit().setSwarm(1);
  const announce = (port: number) => {
    visit.address.fill(0);
    visit.address[0] = 0x08080808;
    visit.port = port;
    store.announce(visit, 0, now + Math.min(port, 60));
  };
  change(store, 20_000, random(8));
  visit.setSwarm(5000);
  for (let port = 1; port <= 8; port++) announce(port);
  const before = store.totals().leechers4;
  let port = 9;
  const copy = copyWhile(store, () => {
    announce(port);
    port += 1;
  });
  assert.ok(store.totals().leechers4 - before < port - 9, 'nobody made room');
  assertSame(copy, store);
});

test('nothing is noted without a copy under way, and the pages are given back after one', () => {
  const below = random(9);
  const store = createStore();
  change(store, 40_000, below);
  const changes = store.createChangeEncoder();
  change(store, 20_000, below);
  const withPages = store.totals().bytesInUse;
  assert.ok(changes.next(clock));
  changes.close();
  const closed = store.totals().bytesInUse;
  assert.ok(closed <= withPages - 10 * 65_536, `${withPages} bytes, then ${closed}`);
  change(store, 20_000, below);
  const again = store.createChangeEncoder();
  assert.equal(again.next(clock), undefined);
  again.close();
});

test('a copy that memory has no room to note the changes for is given up', () => {
  const store = createStore(4 * 1024 ** 2);
  const visit = new Visit();
  const changes = store.createChangeEncoder();
  for (let n = 0; n < 200_000; n++) store.announce(visit.setSwarm(n % 50).setPeer(4, n % 50), 0, now);
  assert.throws(() => changes.next(clock), /more has changed than there is room to note/);
  changes.close();
  assert.ok(store.announce(visit.setSwarm(1).setPeer(4, 1), 0, now));
});

test('a copy whose reader stands still costs no swarm, and the journal ends within its bound', () => {
  const store = createStore(16 << 20);
  const words = new Int32Array(store.buffer);
  const visit = new Visit();
  const announce = (n: number) =>
    assert.ok(store.announce(visit.setSwarm(n % 20_000).setPeer(4, n % 60_000), 0, now));
  for (let n = 0; n < 60_000; n++) announce(n);
  const before = store.totals();
  const changes = store.createChangeEncoder();
  const most = words[header.maxJournalPages];
  for (let n = 0; n < 400_000; n++) announce(n);
  assert.equal(words[header.journalPages], most);
  const during = store.totals();
  assert.equal(during.swarms, before.swarms);
  assert.equal(during.evictedSwarms, 0);
  assert.equal(during.bytesInUse, before.bytesInUse + most * 65_536);
  assert.throws(() => changes.next(clock), /more has changed than there is room to note/);
  changes.close();
  assert.equal(words[header.journalPages], 0);
  assert.ok(store.totals().bytesInUse <= before.bytesInUse + 65_536);
  // And the next copy begins with an empty one.
  const next = store.createChangeEncoder();
  assert.equal(next.next(clock), undefined);
  announce(1);
  assert.ok(next.next(clock));
  next.close();
  assert.equal(words[header.journalPages], 0);
});

test('changes that are sent between the swarms end up as the store, and the journal is read before it is full', () => {
  for (const seed of [11, 12, 13]) {
    const below = random(seed);
    const store = createStore(32 << 20);
    change(store, 40_000, below);
    const changes = store.createChangeEncoder();
    const row: Uint8Array[] = [];
    const encoder = store.createSnapshotEncoder(12_000);
    let between = 0;
    for (let section = encoder.next(clock); section; section = encoder.next(clock)) {
      row.push(section.slice());
      change(store, 4000, below);
      while (changes.isFilling) {
        row.push(changes.next(clock)!.slice());
        between++;
      }
    }
    assert.ok(between > 10, `${between} sections in between`);
    row.push(changes.end(clock).slice());
    for (let section = changes.next(clock); section; section = changes.next(clock)) row.push(section.slice());
    row.push(changes.end(clock).slice());
    changes.close();
    const copy = createStore(48 << 20);
    const decoder = copy.createSnapshotDecoder(readerOf(joined(row)));
    for (let part = 0; part < 3; part++) assert.ok(decoder.decode(clock, true, true).complete);
    assertSame(copy, store);
  }
});

test('the journal of the smallest store that can be set finds room while a flood presses it and blocks are moved', () => {
  const store = createStore(16 * 1024 ** 2, 100_000);
  const words = new Int32Array(store.buffer);
  const changes = store.createChangeEncoder();
  const flood = new Visit();
  const second = new Visit();
  let mostPages = 0;
  let swarm = 0;
  // Swarms of two peers of one network, then of three, then of four; here and there one that may not be evicted.
  for (const size of [2, 3, 4]) {
    for (let n = 0; n < 65_000; n++, swarm++) {
      for (let peer = 0; peer < size; peer++) {
        store.announce(flood.setSwarm(swarm).setPeer(4, (n % 500) * 8 + peer), 0, 1000);
        mostPages = Math.max(mostPages, words[header.journalPages]);
      }
      if (n % 250 !== 0) continue;
      store.announce(second.setSwarm(swarm).setPeer(4, 900_000 + n * 256), 0, 1000);
      while (changes.next(clock));
    }
  }
  assert.ok(store.totals().evictedSwarms > 1000, 'nothing was evicted');
  assert.equal(words[header.journalLost], 0);
  assert.ok(mostPages > 0 && mostPages <= words[header.maxJournalPages], `${mostPages} pages`);
  assert.deepEqual(checkStore(store.buffer).faults, []);
  changes.close();
  while (!store.sweep(1000, 4096));
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('a copy and the cluster read the journal side by side, each everything, and all pages are given back', () => {
  const below = random(11);
  const store = createStore();
  change(store, 5000, below);
  const news = store.createPeerNews();
  news.open(1);
  change(store, 3000, below);
  const told = new Set<string>();
  const read = () => {
    while (news.next(now + 60))
      told.add(`${news.infoHash[0]} ${news.family} ${news.address.join('.')} ${news.port}`);
  };
  read();
  // One reads more often than the other, now and then with the other's pages between its own.
  let round = 0;
  const copy = copyWhile(store, () => {
    change(store, 700, below);
    if (round++ % 3 === 0) read();
  });
  assertSame(copy, store);
  const before = told.size;
  read();
  assert.ok(told.size > before && before > 1000, `${before}, then ${told.size}`);
  assert.deepEqual(checkStore(store.buffer).faults, []);
  const words = new Int32Array(store.buffer);
  assert.equal(words[header.journalPages], 0);
  news.close();
  change(store, 2000, below);
  assert.equal(words[header.journalPages], 0);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('when the journal is full both readers are told, and one that begins anew has nothing of the other’s row', () => {
  const store = createStore(16 * 1024 ** 2);
  const words = new Int32Array(store.buffer);
  const news = store.createPeerNews();
  news.open(1);
  const changes = store.createChangeEncoder();
  const visit = new Visit();
  const fill = () => {
    for (let n = 0; words[header.journalLost] === 0; n++)
      store.announce(visit.setSwarm(n % 50).setPeer(4, n % 50), 0, now + n);
  };
  fill();
  assert.ok(news.isIncomplete);
  assert.throws(() => changes.next(clock), /more has changed/);
  news.close();
  news.open(1);
  assert.equal(news.isIncomplete, false);
  changes.close();
  store.announce(visit.setSwarm(1).setPeer(4, 1), 0, now);
  let names = 0;
  while (news.next(now)) names++;
  assert.equal(names, 1);
  assert.ok(!news.next(now));
  store.announce(visit.setSwarm(2).setPeer(4, 2), 0, now);
  assert.ok(news.next(now) && !news.next(now));
  news.close();
  assert.equal(words[header.journalPages], 0);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});
