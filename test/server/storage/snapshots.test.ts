// Snapshots as files: two generations, nothing half-written, a full disk borne, and a save while threads announce.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { monotonicSeconds } from '../../../src/server/clock.ts';
import { loadSnapshots, saveSnapshot } from '../../../src/server/storage/snapshot-file.ts';
import { Snapshots } from '../../../src/server/storage/snapshots.ts';
import { header, shardRow } from '../../../src/swarm/layout.ts';
import { lock, unlock } from '../../../src/swarm/lock.ts';
import { sealHeader, sectionHeader } from '../../../src/swarm/snapshot-format.ts';
import type { SwarmStore } from '../../../src/swarm/swarm-store.ts';
import { createStore, Visit } from '../../swarm/visit.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-snapshots-'));
after(() => rmSync(root, { recursive: true }));

const newDirectory = () => mkdtempSync(join(root, 'data-'));

function storeWith(peers: number, firstSwarm = 0): SwarmStore {
  const store = createStore();
  const visit = new Visit();
  for (let n = 0; n < peers; n++) {
    store.announce(visit.setSwarm(firstSwarm + (n % 1000)).setPeer(4, n), 0, monotonicSeconds());
  }
  return store;
}

function peersOf(store: SwarmStore): number {
  const { leechers4, seeders4, leechers6, seeders6 } = store.totals();
  return leechers4 + seeders4 + leechers6 + seeders6;
}

class Lines {
  readonly lines: string[] = [];
  debug = (): void => {};
  info = (line: string): void => void this.lines.push(line);
  warn = this.info;
  error = this.info;
}

function snapshotsIn(directory: string, store: SwarmStore) {
  const log = new Lines();
  return { log, snapshots: new Snapshots(store, { directory, intervalSeconds: 60, log }) };
}

test('two generations are kept, readable by their owner only, and nothing else', () => {
  const directory = newDirectory();
  for (const peers of [10, 20, 30]) saveSnapshot(storeWith(peers), directory);
  assert.deepEqual(readdirSync(directory).sort(), ['swarms.snapshot', 'swarms.snapshot.previous']);
  assert.equal(statSync(join(directory, 'swarms.snapshot')).mode & 0o777, 0o600);
  const store = createStore();
  assert.equal(loadSnapshots(store, directory).peers, 30);
  rmSync(join(directory, 'swarms.snapshot'));
  const older = createStore();
  assert.equal(loadSnapshots(older, directory).peers, 20);
});

test('a thread saves while this one announces, and what was there before is all saved', async () => {
  const directory = newDirectory();
  const store = storeWith(50_000);
  const { snapshots, log } = snapshotsIn(directory, store);
  const visit = new Visit();
  let done = false;
  const saving = snapshots.save().then(() => {
    done = true;
  });
  let announces = 0;
  while (!done) {
    for (let i = 0; i < 500; i++) {
      const n = 1_000_000 + (announces++ % 40_000);
      store.announce(visit.setSwarm(n % 3000).setPeer(4, n), 10, monotonicSeconds());
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await saving;
  assert.ok(announces > 0);
  const loaded = createStore();
  const { damaged } = loadSnapshots(loaded, directory);
  assert.equal(damaged, 0);
  const before = peersOf(loaded);
  assert.ok(before >= 50_000);
  for (let n = 0; n < 50_000; n++) {
    loaded.announce(visit.setSwarm(n % 1000).setPeer(4, n), 0, monotonicSeconds());
  }
  assert.equal(peersOf(loaded), before, 'one of the first peers was not in the snapshot');
  assert.equal(snapshots.figures.saves, 1);
  assert.deepEqual(log.lines, []);
});

test('the end of a tracker cancels a save under way and makes its own', async () => {
  const directory = newDirectory();
  const store = storeWith(1000);
  const { snapshots, log } = snapshotsIn(directory, store);
  void snapshots.save();
  await snapshots.close();
  assert.equal(loadSnapshots(createStore(), directory).peers, 1000);
  assert.match(log.lines.at(-1)!, /^Saved 1000 peers \(0\.\d MiB in \d\.\d\d s\)\.$/);
});

test('an end whose save fails says so, also when saving failed before, and what stays', async () => {
  const directory = newDirectory();
  const { snapshots, log } = snapshotsIn(directory, storeWith(10));
  assert.equal(await snapshots.save().then((saved) => saved?.peers), 10);
  // In the way of the file that is written first.
  mkdirSync(join(directory, 'swarms.snapshot.new'));
  await snapshots.save();
  assert.match((await snapshots.close())!, /^EISDIR/);
  assert.match(
    log.lines.at(-1)!,
    /^the last snapshot could not be saved in .*: EISDIR.*; the last one is of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, and what came later is lost$/,
  );
  assert.equal(log.lines.length, 2);
});

test('an end whose save stands still is given up, and one that goes on is not', async () => {
  const directory = newDirectory();
  const store = storeWith(1000);
  const log = new Lines();
  const snapshots = new Snapshots(store, { directory, intervalSeconds: 60, log, silentMs: 300 });
  const words = new Int32Array(store.buffer);
  // As a thread would that fails in the midst of an announce.
  const held = words[header.shards] + shardRow.lock;
  lock(words, held);
  assert.equal(await snapshots.close(), 'nothing has been written for 0.3 s');
  assert.match(log.lines[0], /there is no snapshot, and what came later is lost$/);
  unlock(words, held);
});

test('a directory that cannot be written is told once, and once again when it can', async () => {
  const directory = newDirectory();
  const { snapshots, log } = snapshotsIn(directory, storeWith(10));
  rmSync(directory, { recursive: true });
  for (let i = 0; i < 3; i++) await snapshots.save();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0], /^cannot save the snapshot in .*: ENOENT/);
  assert.equal(snapshots.figures.failures, 3);
  mkdirSync(directory);
  await snapshots.save();
  assert.deepEqual(log.lines.slice(1), ['The snapshot could be saved again.']);
});

test('snapshots of another version are kept aside, named, and never written over or counted as damaged', () => {
  const directory = newDirectory();
  const last = join(directory, 'swarms.snapshot');
  const ofVersion2 = (peers: number) => {
    saveSnapshot(storeWith(peers), directory);
    const words = new Int32Array(new Uint8Array(readFileSync(last)).buffer);
    for (let at = 0; at < words.length; ) {
      const length = sectionHeader.size + words[at + sectionHeader.payloadWords];
      words[at + sectionHeader.version] = 2;
      sealHeader(words.subarray(at, at + length));
      at += length;
    }
    writeFileSync(last, new Uint8Array(words.buffer));
    return readFileSync(last);
  };
  const older = ofVersion2(10);
  const newer = ofVersion2(20);
  const store = createStore();
  const { snapshots, log } = snapshotsIn(directory, store);
  snapshots.load();
  assert.equal(log.lines.length, 2);
  assert.match(log.lines[0], /swarms\.snapshot was written by version 2 of the format, this is 1/);
  assert.match(log.lines[1], /swarms\.snapshot\.previous was written by version 2/);
  assert.equal(snapshots.figures.damagedSections, 0);
  for (let i = 0; i < 3; i++) saveSnapshot(storeWith(30), directory);
  assert.deepEqual(readFileSync(`${last}.version-2`), newer);
  assert.deepEqual(readFileSync(`${last}.previous.version-2`), older);
  // And once more: what is kept already stays, too.
  const newest = ofVersion2(40);
  snapshots.load();
  assert.deepEqual(readFileSync(`${last}.version-2`), newer);
  assert.deepEqual(readFileSync(`${last}.version-2.2`), newest);
});

test('a save that was killed half-way harms nothing and is written over', () => {
  const directory = newDirectory();
  saveSnapshot(storeWith(10), directory);
  writeFileSync(join(directory, 'swarms.snapshot.new'), 'half a sna');
  assert.equal(loadSnapshots(createStore(), directory).peers, 10);
  saveSnapshot(storeWith(20), directory);
  assert.equal(existsSync(join(directory, 'swarms.snapshot.new')), false);
  assert.equal(loadSnapshots(createStore(), directory).peers, 20);
});

test('a snapshot that is cut off or is no snapshot is made good from the one before', () => {
  const directory = newDirectory();
  saveSnapshot(storeWith(1000), directory);
  saveSnapshot(storeWith(1000), directory);
  const last = join(directory, 'swarms.snapshot');
  const whole = readFileSync(last);
  for (const bytes of [
    whole.subarray(0, whole.length / 2),
    Buffer.alloc(0),
    Buffer.from('no snapshot'.repeat(99)),
  ]) {
    writeFileSync(last, bytes);
    const loaded = loadSnapshots(createStore(), directory);
    assert.equal(loaded.peers, 1000);
    assert.equal(loaded.files, 2);
    assert.ok(loaded.damaged > 0);
  }
});
