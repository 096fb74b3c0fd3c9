// Snapshots cut off, flipped and overwritten: they never keep a tracker from starting, and cost only what was damaged.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockAt, encodeStore, joined, readerOf } from '../swarm/snapshot-content.ts';
import { createStore, Visit } from '../swarm/visit.ts';
import { UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const damagedSuite: FaultSuite = {
  fault: 'a snapshot damaged in thousands of ways',
  limits: { exceptions: 0, undetected: 0, failedStarts: 0, lostWithOneIntact: 0 },
  atLeast: { ways: 1000, starts: 2 },
  async run({ seed, long }) {
    const decoded = decodeDamaged(long ? 10_000 : 1000, seed);
    return { ...decoded, ...(await startDamaged(long ? 50 : 2, seed)) };
  },
};

/** In this process: the decoder alone, with every way of damage. */
function decodeDamaged(ways: number, seed: number) {
  const below = random(seed);
  const store = createStore(8 * 1024 ** 2);
  const visit = new Visit();
  for (let n = 0; n < 4000; n++) store.announce(visit.setSwarm(n % 500).setPeer(4, n), 0, 100_000);
  const whole = joined(encodeStore(store));
  // Holds all of it already, so that a peer which is read and was never written shows.
  const target = createStore(8 * 1024 ** 2);
  target.createSnapshotDecoder(readerOf(whole)).decode(clockAt(100_000), true);
  let exceptions = 0;
  let undetected = 0;
  for (let way = 0; way < ways; way++) {
    const bytes = damage(whole, below);
    try {
      const found = target.createSnapshotDecoder(readerOf(bytes)).decode(clockAt(100_000), true);
      const same = Buffer.compare(bytes, whole) === 0;
      if (found.peers > 0 || (!same && found.damaged === 0 && found.complete)) undetected++;
    } catch {
      exceptions++;
    }
  }
  return { ways, exceptions, undetected };
}

/** Whole trackers, with one generation damaged, or both. */
async function startDamaged(starts: number, seed: number) {
  const below = random(seed + 1);
  const tracker = new TrackerUnderTest({ flags: ['--snapshot-interval', '1'] });
  const ledger = new Ledger();
  let failedStarts = 0;
  let lostWithOneIntact = 0;
  try {
    await tracker.start();
    const udp = new UdpClient(tracker.udpPort);
    await fill(ledger, udp, 0, 10);
    await tracker.nextSnapshot();
    await tracker.nextSnapshot();
    tracker.program.signal('SIGKILL');
    await tracker.program.exited;
    const names = ['swarms.snapshot', 'swarms.snapshot.previous'].map((name) => join(tracker.dataDir, name));
    const whole = names.map((name) => readFileSync(name));
    for (let start = 0; start < starts; start++) {
      const both = start % 2 === 1;
      writeFileSync(names[0], damage(whole[0], below));
      writeFileSync(names[1], both ? damage(whole[1], below) : whole[1]);
      try {
        await tracker.start();
        const { lost } = await ledger.balance((swarm) => askForPeers(udp, swarm));
        if (!both) lostWithOneIntact += lost;
      } catch {
        failedStarts++;
      }
      await tracker.program.kill();
    }
    udp.close();
    return { starts, failedStarts, lostWithOneIntact };
  } finally {
    await tracker.close();
  }
}

function damage(whole: Uint8Array, below: (limit: number) => number): Uint8Array {
  const bytes = Buffer.from(whole);
  const at = below(bytes.length);
  switch (below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      bytes[at] ^= 1 << below(8);
      return bytes;
    case 2:
      for (let i = 0; i < 20; i++) bytes[below(bytes.length)] ^= 1 << below(8);
      return bytes;
    case 3:
      return bytes.fill(below(2) === 0 ? 0 : 0xff, at, Math.min(bytes.length, at + 1 + below(5000)));
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(500))]);
  }
}

function random(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}
