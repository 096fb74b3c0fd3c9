// What the store counts goes on past every edge of 32 bits: each counter is preset near it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkAge, oldestAge } from '../../src/swarm/chunk-age.ts';
import { chunkRow, chunkTable, downloadedMask, entryField, header } from '../../src/swarm/layout.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { wideCounter } from '../../src/swarm/wide-counter.ts';
import { createStore, Visit } from './visit.ts';

const wordsOf = (store: SwarmStore) => new Int32Array(store.buffer);

/** Swarms with one peer each, all of one network, so that nothing but room for newer ones keeps them. */
function flood(store: SwarmStore, from: number, swarms: number): void {
  const visit = new Visit();
  for (let n = from; n < from + swarms; n++)
    assert.ok(store.announce(visit.setSwarm(n).setPeer(4, n), 0, 100));
}

function isKnown(store: SwarmStore, swarm: number): boolean {
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  store.scrape(new Visit().setSwarm(swarm).infoHash, 0, counts);
  return counts.incomplete > 0;
}

for (const edge of [2 ** 31, 2 ** 32, 2 ** 33 + 5]) {
  test(`evictions are counted on past ${edge}`, () => {
    const store = createStore(4 << 20);
    const words = wordsOf(store);
    for (const at of [header.evictedSwarms, header.evictedPeers, header.evictedIdleSwarms]) {
      wideCounter(words, at)[0] = edge - 10;
    }
    flood(store, 0, 100_000);
    const totals = store.totals();
    assert.equal(totals.evictedSwarms - (edge - 10) + totals.swarms, 100_000);
    assert.equal(totals.evictedPeers, totals.evictedSwarms);
    assert.equal(totals.evictedIdleSwarms, edge - 10);
  });
}

test('idle swarms that are evicted are counted on past 2^31', () => {
  const store = createStore(4 << 20);
  wideCounter(wordsOf(store), header.evictedIdleSwarms)[0] = 2 ** 31 - 1;
  const visit = new Visit();
  for (let n = 0; n < 10_000; n++) {
    visit.seeding = true;
    visit.setSwarm(n).setPeer(4, n).event = 1;
    store.announce(visit, 0, 100);
    visit.event = 3;
    store.announce(visit, 0, 100);
  }
  flood(store, 20_000, 100_000);
  assert.ok(store.totals().evictedIdleSwarms > 2 ** 31 + 100);
});

for (const [name, edge] of [
  ['2^31', 0x7fffffff],
  ['2^32', -1],
] as const) {
  test(`the oldest of a flood go first while the count of filled chunks passes ${name}`, () => {
    const store = createStore(8 << 20);
    const words = wordsOf(store);
    // As after so many chunks: nothing is filled yet, so this is all there is to preset.
    words[header.chunksFilled] = (edge - 150) | 0;
    const swarms = 400_000;
    flood(store, 0, swarms);
    const past = (words[header.chunksFilled] - edge) | 0;
    assert.ok(past > 50, `it passed by ${past} only`);
    const kept = store.totals().swarms;
    assert.ok(kept > 30_000, `${kept} are left`);
    let newest = 0;
    const newestOf = Math.floor(kept / 2);
    for (let n = swarms - newestOf; n < swarms; n++) if (isKnown(store, n)) newest++;
    assert.ok(newest > newestOf * 0.9, `${newest} of the newest ${newestOf} are left`);
  });
}

test('a chunk that is not filled for more than a turn of the count stays an old one', () => {
  const store = createStore(4 << 20);
  flood(store, 0, 1000);
  const words = wordsOf(store);
  const at = chunkTable + words[header.firstChunk] * chunkRow.size + chunkRow.filled;
  for (let filled = 0; filled < 3 * 2 ** 32; filled += 2 ** 29) {
    words[header.chunksFilled] = (words[header.chunksFilled] + 2 ** 29) | 0;
    while (!store.sweep(100, 4096));
    const age = chunkAge(words, words[at]);
    assert.ok(age >= Math.min(filled + 2 ** 29, oldestAge) && age <= oldestAge + 2 ** 29, `${age}`);
  }
});

test('a chunk in which objects come and go without end counts no more of them than it holds', () => {
  const store = createStore(4 << 20);
  const visit = new Visit();
  for (let n = 0; n < 5000; n++) {
    visit.setSwarm(1).setPeer(4, 1).event = 0;
    store.announce(visit, 0, 100);
    visit.event = 3;
    store.announce(visit, 0, 100);
  }
  const words = wordsOf(store);
  for (let chunk = words[header.firstChunk]; chunk < words[header.nextFreshChunk]; chunk++) {
    assert.ok(words[chunkTable + chunk * chunkRow.size + chunkRow.freed] <= 2048);
  }
});

test('downloads stay at the largest number there is', () => {
  const store = createStore(4 << 20);
  const visit = new Visit().setSwarm(1).setPeer(4, 1);
  store.announce(visit, 0, 100);
  const words = wordsOf(store);
  const entry = words.findIndex(
    (word, at) =>
      word === visit.infoHash[0] &&
      words[at + 1] === visit.infoHash[1] &&
      words[at + 4] === visit.infoHash[4],
  );
  words[entry + entryField.downloaded] |= downloadedMask - 1;
  for (let n = 2; n < 6; n++) {
    visit.seeding = true;
    visit.setPeer(4, n).event = 1;
    store.announce(visit, 0, 100);
    assert.equal(visit.downloaded, downloadedMask);
  }
});
