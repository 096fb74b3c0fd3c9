// A snapshot that version 1 of the format wrote is loaded for ever: the file beside this test is never made anew.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { formatVersion } from '../../src/swarm/snapshot-format.ts';
import { clockAt, contentOf, encodeStore, readerOf } from './snapshot-content.ts';
import { createStore, Visit } from './visit.ts';

const file = new URL('../../../test/swarm/saved/version-1.snapshot', import.meta.url);
const saved = new Uint8Array(readFileSync(file));

/** When it was written, by its clocks. */
const writtenAt = clockAt(100_600);

function loaded(monotonic = writtenAt.monotonic) {
  const store = createStore(8 << 20);
  const found = store.createSnapshotDecoder(readerOf(saved)).decode(clockAt(monotonic), true);
  return { store, found };
}

test('the snapshot of version 1 is read whole', () => {
  const { store, found } = loaded();
  assert.deepEqual(found, {
    sections: 1,
    damaged: 0,
    complete: true,
    peers: 183,
    expired: 0,
    refused: 0,
  });
  const { swarms, leechers4, seeders4, leechers6, seeders6 } = store.totals();
  assert.deepEqual([swarms, leechers4, seeders4, leechers6, seeders6], [3, 130, 44, 6, 3]);
  assert.deepEqual(checkStore(store.buffer).faults, []);
});

test('its flags, counters and ages mean what they meant', () => {
  const { store } = loaded();
  const visit = new Visit();
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  const scrape = (swarm: number) => {
    store.scrape(visit.setSwarm(swarm).infoHash, 0, counts);
    return { ...counts };
  };
  // A large swarm; one of both families with partial seeds; one of private addresses; one without peers.
  assert.deepEqual(scrape(1), { complete: 40, incomplete: 120, downloaded: 0, downloaders: 120 });
  assert.deepEqual(scrape(2), { complete: 6, incomplete: 15, downloaded: 3, downloaders: 11 });
  assert.deepEqual(scrape(3), { complete: 1, incomplete: 1, downloaded: 0, downloaders: 1 });
  assert.deepEqual(scrape(4), { complete: 0, incomplete: 0, downloaded: 1, downloaders: 0 });
  // Whoever's `completed` was counted is not counted again.
  visit.setSwarm(2).setPeer(4, 0).event = 1;
  store.announce(visit, 0, writtenAt.monotonic);
  assert.equal(visit.downloaded, 3);
  const peers = [...contentOf(encodeStore(store, writtenAt)).values()].flatMap((swarm) => [
    ...swarm.peers.values(),
  ]);
  const ids = peers.map(({ peerId }) => Number(peerId.split(',')[0]));
  assert.equal(new Set(ids).size, 162);
  // Peers of swarm 1 announced one a second, the last of them half a minute before the snapshot was written.
  assert.equal(loaded(writtenAt.monotonic + 3500).found.expired, 89);
});

test('the file is of version 1, which may be long ago', () => {
  const version = new Int32Array(saved.slice(8, 12).buffer)[0];
  assert.equal(version, 1);
  assert.ok(formatVersion >= version);
});
