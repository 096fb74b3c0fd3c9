// A snapshot against the store it was taken from: nothing lost, ages kept, damage borne.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { sealHeader, sectionHeader } from '../../src/swarm/snapshot-format.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { clockAt, contentOf, encodeStore, joined, noBoot, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

/** Swarms 0 and 1 become large, the rest stay small; every event happens, and both families. */
function fill(store: SwarmStore, announces: number, now: number, below = random(7)): void {
  const visit = new Visit();
  for (let i = 0; i < announces; i++) {
    const swarm = below(3) === 0 ? below(2) : 2 + below(1000);
    visit.setSwarm(swarm).setPeer(below(4) === 0 ? 6 : 4, swarm < 2 ? below(5000) : below(9));
    visit.event = [Event.none, Event.started, Event.completed, Event.paused, Event.stopped][below(5)];
    visit.seeding = below(3) === 0;
    assert.ok(store.announce(visit, 0, now + Math.floor((60 * i) / announces)));
  }
}

function load(sections: readonly Uint8Array[], store: SwarmStore, clock = clockAt(100_060)) {
  return store.createSnapshotDecoder(readerOf(joined(sections))).decode(clock, true);
}

const faultsOf = (store: SwarmStore) => checkStore(store.buffer).faults;
const counted = (store: SwarmStore) => ({ ...store.totals(), bytesInUse: 0, memoryLimit: 0 });

test('a snapshot brings every peer, flag, time and counter back into a store of another size', () => {
  const store = createStore();
  fill(store, 60_000, 100_000);
  const sections = encodeStore(store, clockAt(100_060));
  assert.ok(sections.length > 5, 'too few sections to mean anything');
  const other = createStore(24 * 1024 ** 2);
  const loaded = load(sections, other);
  const { swarms, leechers4, leechers6, seeders4, seeders6 } = store.totals();
  const peers = leechers4 + leechers6 + seeders4 + seeders6;
  assert.deepEqual(loaded, {
    sections: sections.length - 1,
    damaged: 0,
    complete: true,
    peers,
    expired: 0,
    refused: 0,
  });
  assert.ok(swarms > 900 && peers > 10_000);
  assert.deepEqual(counted(other), counted(store));
  assert.deepEqual(contentOf(encodeStore(other)), contentOf(sections));
  assert.deepEqual([...faultsOf(store), ...faultsOf(other)], []);
});

test('the downloads of a swarm without peers are kept', () => {
  const store = createStore();
  const visit = new Visit().setSwarm(5).setPeer(4, 1);
  visit.seeding = true;
  visit.event = Event.completed;
  store.announce(visit, 0, 100_000);
  visit.event = Event.stopped;
  store.announce(visit, 0, 100_000);
  const other = createStore();
  load(encodeStore(store), other);
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  other.scrape(visit.infoHash, 0, counts);
  assert.equal(counts.downloaded, 1);
  assert.equal(other.totals().swarms, 0);
});

test('a completed that was counted is not counted again after a restart', () => {
  const store = createStore();
  const visit = new Visit().setSwarm(5).setPeer(4, 1);
  visit.seeding = true;
  visit.event = Event.completed;
  store.announce(visit, 0, 100_000);
  visit.event = Event.none;
  visit.seeding = false;
  store.announce(visit, 0, 100_000);
  const other = createStore();
  load(encodeStore(store), other);
  visit.event = Event.completed;
  visit.seeding = true;
  other.announce(visit, 0, 100_000);
  assert.equal(visit.downloaded, 1);
});

const boot = Int32Array.of(1, 2, 3, 4);
for (const [name, clock, kept] of [
  ['an hour on the wall clock makes peers an hour older', clockAt(5, 1_700_103_600), [1000]],
  ['within one boot the wall clock does not matter', clockAt(100_000, 1_800_000_000, boot), [0, 1000, 3000]],
  ['within one boot the monotonic clock counts', clockAt(101_000, 1_700_100_000, boot), [0, 1000]],
  ['a wall clock that was set back makes nobody older or younger', clockAt(5, 1_000_000), [0, 1000, 3000]],
  ['a wall clock far ahead forgets the peers', clockAt(5, 1_700_107_300), []],
] as const) {
  test(`loading: ${name}`, () => {
    const store = createStore();
    const visit = new Visit().setSwarm(1);
    for (const age of [3000, 1000, 0]) {
      visit.setPeer(4, age);
      store.announce(visit, 0, 100_000 - age);
    }
    const sections = encodeStore(store, clockAt(100_000, 1_700_100_000, boot));
    const other = createStore(64 * 1024 ** 2, name.startsWith('an hour') ? 4600 : 3600);
    load(sections, other, clock);
    if (name.startsWith('an hour')) {
      visit.setPeer(4, 9999);
      other.announce(visit, 10, 5);
      assert.deepEqual(
        visit
          .listPeers()
          .map(({ n }) => n)
          .sort((a, b) => a - b),
        [0, 1000],
      );
      return;
    }
    visit.setPeer(4, 9999);
    other.announce(visit, 10, clock.monotonic);
    assert.deepEqual(
      visit
        .listPeers()
        .map(({ n }) => n)
        .sort((a, b) => a - b),
      kept,
    );
    // And they go on ageing from there: the youngest lives for the rest of its time, then goes.
    while (!other.sweep(clock.monotonic + 3601, 10_000));
    assert.equal(other.totals().swarms, 0);
  });
}

test('whoever is there all the time is in a snapshot taken while swarms grow, shrink and change', () => {
  const store = createStore();
  const below = random(3);
  const visit = new Visit();
  // Peers below 4000 of swarm 0 stay and change their role all the time; those above come and go.
  const change = (times: number) => {
    for (let i = 0; i < times; i++) {
      const n = below(24_000);
      visit.setSwarm(0).setPeer(4, n);
      visit.seeding = below(2) === 0;
      visit.event = n >= 4000 && below(3) > 0 ? Event.stopped : Event.none;
      store.announce(visit, 0, 100_000);
    }
  };
  visit.setSwarm(0);
  for (let n = 0; n < 4000; n++) store.announce(visit.setPeer(4, n), 0, 100_000);
  const expected = new Set(contentOf(encodeStore(store)).values().next().value!.peers.keys());
  for (let round = 0; round < 10; round++) {
    const sections = encodeStore(store, clockAt(100_000), 12_000, () => change(1 + below(8000)));
    const found = contentOf(sections).values().next().value!.peers;
    for (const endpoint of expected) assert.ok(found.has(endpoint), 'a peer is missing');
    const other = createStore();
    assert.equal(load(sections, other, clockAt(100_000)).peers, found.size, 'a peer came twice');
    assert.equal(other.totals().leechers4 + other.totals().seeders4, found.size);
    assert.deepEqual([...faultsOf(store), ...faultsOf(other)], []);
  }
});

test('a large swarm that becomes small while it is copied comes back without doubles', () => {
  const store = createStore();
  const visit = new Visit().setSwarm(0);
  for (let n = 0; n < 4000; n++) store.announce(visit.setPeer(4, n), 0, 100_000);
  const leave = () => {
    visit.event = Event.stopped;
    for (let n = 0; n < 4000; n++) if (n % 66 !== 0) store.announce(visit.setPeer(4, n), 0, 100_000);
  };
  const sections = encodeStore(store, clockAt(100_000), 12_000, leave);
  const { peers } = contentOf(sections).values().next().value!;
  assert.ok(peers.size > 100 && peers.size < 4000, 'it did not shrink in the middle');
  const other = createStore();
  assert.equal(load(sections, other, clockAt(100_000)).peers, peers.size);
  assert.deepEqual([...faultsOf(store), ...faultsOf(other)], []);
});

test('a damaged section costs its own peers, and the rest is loaded', () => {
  const store = createStore();
  fill(store, 60_000, 100_000);
  const sections = encodeStore(store, clockAt(100_060));
  const all = load(sections, createStore()).peers;
  sections[2][500] ^= 1;
  const loaded = load(sections, createStore());
  assert.equal(loaded.damaged, 1);
  assert.equal(loaded.sections, sections.length - 2);
  assert.ok(loaded.complete);
  assert.ok(loaded.peers < all && loaded.peers > (all * (sections.length - 3)) / sections.length);
});

test('what a damaged snapshot lacks comes from the one before, without making known peers older', () => {
  const store = createStore();
  fill(store, 60_000, 100_000);
  const before = encodeStore(store, clockAt(100_060));
  const visit = new Visit().setSwarm(0).setPeer(4, 1);
  store.announce(visit, 0, 100_100);
  const after = encodeStore(store, clockAt(100_100));
  after[2][500] ^= 1;
  const other = createStore();
  load(after, other, clockAt(100_100));
  other.createSnapshotDecoder(readerOf(joined(before))).decode(clockAt(100_100), false);
  assert.deepEqual(counted(other), counted(store));
  assert.deepEqual(contentOf(encodeStore(other)), contentOf(encodeStore(store)));
});

test('a store that is too small takes what it can and says what it refused', () => {
  const store = createStore();
  const visit = new Visit();
  for (let n = 0; n < 120_000; n++) store.announce(visit.setSwarm(n % 50_000).setPeer(4, n), 0, 100_000);
  const small = createStore(4 * 1024 ** 2);
  const loaded = load(encodeStore(store), small, clockAt(100_000));
  assert.ok(loaded.peers > 10_000 && loaded.refused > 10_000);
  assert.equal(loaded.peers + loaded.refused, 120_000);
  const totals = small.totals();
  assert.equal(totals.leechers4, loaded.peers);
});

test('a snapshot that was cut, flipped or filled with zeros anywhere is read without an exception', () => {
  const store = createStore(8 * 1024 ** 2);
  fill(store, 3000, 100_000);
  const whole = joined(encodeStore(store, clockAt(100_060, undefined, noBoot)));
  const below = random(11);
  const target = createStore(8 * 1024 ** 2);
  const { peers } = target.createSnapshotDecoder(readerOf(whole)).decode(clockAt(100_060), true);
  for (let i = 0; i < 300; i++) {
    const bytes = whole.slice(0, below(3) === 0 ? below(whole.length) : whole.length);
    const at = below(bytes.length);
    if (below(2) === 0) bytes[at] ^= 1 << below(8);
    else bytes.fill(0, at, at + below(5000));
    const decoded = target
      .createSnapshotDecoder(readerOf(bytes, 1 + below(50_000)))
      .decode(clockAt(100_060), true);
    assert.equal(decoded.peers, 0, 'a damaged snapshot brought peers that its original did not have');
    assert.ok(decoded.damaged > 0 || !decoded.complete || Buffer.compare(bytes, whole) === 0);
  }
  assert.ok(peers > 1000);
});

/** The same sections as another version of the program would have written them. */
function ofVersion(version: number, sections: readonly Uint8Array[]): Uint8Array[] {
  return sections.map((section) => {
    const words = new Int32Array(section.slice().buffer);
    words[sectionHeader.version] = version;
    sealHeader(words);
    return new Uint8Array(words.buffer);
  });
}

test('a snapshot of another version is told from a damaged one, and nothing is read from it', () => {
  const store = createStore();
  fill(store, 3000, 100_000);
  const sections = encodeStore(store);
  for (const version of [0, 2, 77]) {
    const other = createStore();
    const found = load(ofVersion(version, sections), other);
    assert.equal(found.otherVersion, version);
    assert.deepEqual([found.damaged, found.sections, found.peers, other.totals().swarms], [0, 0, 0, 0]);
  }
  // A version that nobody wrote, because a bit has fallen over, is damage.
  const damaged = sections.map((section) => section.slice());
  damaged[0][sectionHeader.version * 4] ^= 2;
  const found = load(damaged, createStore());
  assert.deepEqual([found.otherVersion, found.damaged], [undefined, 1]);
  assert.ok(found.peers > 0);
});
