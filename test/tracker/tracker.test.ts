// The tracker's own rules, over a real store: limits, refusals, and the scrape of everything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { missingPort, trackerFull } from '../../src/protocol/failure.ts';
import { Announce } from '../../src/tracker/announce.ts';
import { Tracker, type TrackerSettings } from '../../src/tracker/tracker.ts';
import { createStore } from '../swarm/visit.ts';

const settings: TrackerSettings = {
  interval: 1800,
  minInterval: 60,
  maxPeers: 5,
  maxScrapeHashes: 5,
  fullScrape: false,
  trackerId: 'Wildkat',
  ipv4Mapped: true,
  refusedPorts: [],
};

function createTracker(memoryLimit?: number): Tracker {
  return new Tracker(createStore(memoryLimit), settings);
}

function announceOf(swarm: number, peer: number, family: 4 | 6 = 4): Announce {
  const announce = new Announce();
  announce.infoHash.fill(swarm);
  announce.family = family;
  announce.address.fill(peer);
  announce.port = 6881;
  announce.out = new Uint16Array(9 * 100);
  return announce;
}

test('an absent or negative numwant means max-peers, a larger one is cut to it, 0 is none', () => {
  const tracker = createTracker();
  for (let peer = 1; peer <= 10; peer++) tracker.announce(announceOf(1, peer), 0);
  for (const [numwant, peers] of [
    [-1, 5],
    [-2147483648, 5],
    [100, 5],
    [3, 3],
    [0, 0],
  ] as const) {
    const announce = announceOf(1, 99);
    announce.numwant = numwant;
    assert.equal(tracker.announce(announce, 0), undefined);
    assert.equal(announce.peers, peers, `numwant ${numwant}`);
  }
});

test("a transport's own limit holds", () => {
  const tracker = createTracker();
  for (let peer = 1; peer <= 10; peer++) tracker.announce(announceOf(1, peer), 0);
  const announce = announceOf(1, 99);
  announce.mostPeers = 2;
  tracker.announce(announce, 0);
  assert.equal(announce.peers, 2);
});

test('port 0 is refused and nothing is stored', () => {
  const tracker = createTracker();
  const announce = announceOf(1, 1);
  announce.port = 0;
  assert.equal(tracker.announce(announce, 0), missingPort);
  const other = announceOf(1, 2);
  tracker.announce(other, 0);
  assert.equal(other.incomplete, 1);
});

test('ports of services are refused when the settings name them', () => {
  const tracker = new Tracker(createStore(), { ...settings, refusedPorts: [22, 65_535] });
  for (const port of [0, 22, 65_535]) {
    assert.equal(tracker.announce({ ...announceOf(1, 1), port }, 0), missingPort, `port ${port}`);
  }
  for (const port of [1, 21, 23, 65_534]) {
    assert.equal(tracker.announce({ ...announceOf(1, 1), port }, 0), undefined, `port ${port}`);
  }
});

test('a tracker full of swarms of several networks says so', () => {
  const tracker = createTracker(4 * 1024 ** 2);
  let failure: unknown;
  for (let swarm = 1; failure === undefined; swarm++) {
    for (const peer of [1, 2]) failure ??= tracker.announce(announceOf(swarm, peer), 0);
  }
  assert.equal(failure, trackerFull);
});

test('replaying completed adds nothing; a seeder that completes adds nothing', () => {
  const tracker = createTracker();
  const announce = announceOf(1, 1);
  announce.event = Event.completed;
  announce.seeding = true;
  for (let i = 0; i < 3; i++) tracker.announce(announce, i);
  assert.equal(announce.downloaded, 1);
  announce.event = Event.none;
  announce.seeding = false;
  tracker.announce(announce, 5);
  assert.deepEqual([announce.complete, announce.incomplete], [0, 1]);
  announce.event = Event.completed;
  announce.seeding = true;
  tracker.announce(announce, 6);
  assert.equal(announce.downloaded, 1, 'a record counts once, even when it was a leecher in between');
  const seeder = announceOf(1, 2);
  seeder.seeding = true;
  tracker.announce(seeder, 7);
  seeder.event = Event.completed;
  tracker.announce(seeder, 8);
  assert.equal(seeder.downloaded, 1);
});

test('an IPv6 client is given IPv6 peers first and IPv4 peers in the places left', () => {
  const tracker = createTracker();
  for (let peer = 1; peer <= 3; peer++) tracker.announce(announceOf(1, peer, 6), 0);
  for (let peer = 1; peer <= 10; peer++) tracker.announce(announceOf(1, peer, 4), 0);
  const announce = announceOf(1, 99, 6);
  announce.fillWithIpv4 = true;
  tracker.announce(announce, 0);
  assert.deepEqual([announce.peers, announce.ipv4Peers], [3, 2]);
  assert.equal(announce.incomplete, 14);
  announce.fillWithIpv4 = false;
  tracker.announce(announce, 0);
  assert.deepEqual([announce.peers, announce.ipv4Peers], [3, 0]);
});

test('a scrape of everything lists each swarm that has peers once, in the order of the info_hashes', () => {
  const tracker = createTracker();
  const swarms = 3000;
  for (let swarm = 1; swarm <= swarms; swarm++) {
    const announce = announceOf(Math.imul(swarm, 0x9e3779b1), 1);
    tracker.announce(announce, 0);
    if (swarm % 3 === 0) {
      announce.event = Event.stopped;
      tracker.announce(announce, 0);
    }
  }
  const listed = [...tracker.scrapeAll()].filter(Boolean).length;
  const hashes: string[] = [];
  for (const swarm of tracker.scrapeAll()) {
    if (swarm === undefined) continue;
    hashes.push(Buffer.from(swarm.infoHash).toString('hex'));
    assert.equal(swarm.incomplete, 1);
    assert.equal(swarm.downloaders, 1);
  }
  assert.equal(listed, 2000);
  assert.equal(hashes.length, 2000);
  assert.deepEqual(hashes, [...new Set(hashes)].sort());
});

test('a scrape of everything never works long at a time, even when all info_hashes begin alike', () => {
  const tracker = createTracker();
  const swarms = 20_000;
  for (let swarm = 1; swarm <= swarms; swarm++) {
    const announce = announceOf(0, 1);
    announce.infoHash[1] = Math.imul(swarm, 0x9e3779b1);
    tracker.announce(announce, 0);
  }
  const hashes: string[] = [];
  let sinceLast = 0;
  let longest = 0;
  let pauses = 0;
  for (const swarm of tracker.scrapeAll()) {
    if (swarm === undefined) {
      pauses++;
      longest = Math.max(longest, sinceLast);
      sinceLast = 0;
      continue;
    }
    sinceLast++;
    hashes.push(Buffer.from(swarm.infoHash).toString('hex'));
  }
  assert.equal(hashes.length, swarms);
  assert.deepEqual(hashes, [...new Set(hashes)].sort());
  // Looked up 1,024 at a time; sorted in 10 runs, and merged 4 times over with a pause after each 1,024.
  assert.ok(longest <= 1024, `${longest}`);
  assert.ok(pauses > 20 + 10 + 4 * 19, `${pauses}`);
});
