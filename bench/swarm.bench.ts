// What one announce costs the store at 10 thousand to 10 million peers, what a peer weighs, and what a sweep holds up.
import { spawnSync } from 'node:child_process';
import { sweepSmallStore } from '../src/server/upkeep/warm-up.ts';
import { SwarmStore } from '../src/swarm/swarm-store.ts';
import { Announce } from '../src/tracker/announce.ts';
import { createProcessorClock } from './processor-clock.ts';
import { publicAddress } from './public-address.ts';

const gib = 1024 ** 3;
const quick = process.argv.includes('--quick');
const peersPerSwarm = 5;
const numwant = 50;

function createStore(memoryLimit: number): SwarmStore {
  return SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(11, 22, 33, 44), peerTtl: 3600 }, 7);
}

function createVisit(): Announce {
  const visit = new Announce();
  visit.out = new Uint16Array(3 * 256);
  return visit;
}

/** How peers fall on swarms: all alike, or every swarm has one and the rest follow a power law. */
type Spread = 'even' | 'skewed';

function swarmOf(peer: number, swarms: number, spread: Spread): number {
  if (spread === 'even') return peer % swarms;
  if (peer < swarms) return peer;
  const u = ((Math.imul(peer, 0x9e3779b1) >>> 0) + 0.5) / 2 ** 32;
  return Math.floor(swarms ** u) - 1;
}

function setPeer(visit: Announce, peer: number, swarms: number, spread: Spread): void {
  const swarm = swarmOf(peer, swarms, spread);
  for (let i = 0; i < 5; i++) visit.infoHash[i] = Math.imul(swarm + 1, 0x85ebca6b + i * 2);
  visit.address[0] = publicAddress(peer);
  visit.port = 1024 + (peer % 60000);
  visit.peerId[0] = peer;
  visit.seeding = peer % 3 === 0;
}

function fill(store: SwarmStore, peers: number, spread: Spread): void {
  const visit = createVisit();
  const swarms = Math.floor(peers / peersPerSwarm);
  for (let peer = 0; peer < peers; peer++) {
    setPeer(visit, peer, swarms, spread);
    if (!store.announce(visit, 0, 1000)) throw new Error(`full at ${peer} peers`);
  }
}

/** Nanoseconds of one re-announce of a random peer, best of five rounds. */
function announceCost(store: SwarmStore, peers: number, spread: Spread, announces: number): number {
  const visit = createVisit();
  const swarms = Math.floor(peers / peersPerSwarm);
  let best = Number.POSITIVE_INFINITY;
  let state = 99;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < announces; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      const peer = Math.floor(((state >>> 0) / 2 ** 32) * peers);
      setPeer(visit, peer, swarms, spread);
      store.announce(visit, numwant, 1000 + (i & 63));
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / announces);
  }
  return best;
}

/** Nanoseconds of one dependent read from that much memory: what the machine itself charges for distance. */
function memoryLatency(bytes: number): number {
  const words = new Int32Array(bytes / 4);
  const lines = words.length >>> 4;
  const order = Int32Array.from({ length: lines }, (_, i) => i);
  let state = 1;
  // One random cycle through all cache lines (Sattolo's shuffle).
  for (let i = lines - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const j = Math.floor(((state >>> 0) / 2 ** 32) * i);
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  for (let i = 0; i < lines; i++) words[order[i] << 4] = order[(i + 1) % lines] << 4;
  const reads = 2_000_000;
  let at = 0;
  const start = process.hrtime.bigint();
  for (let i = 0; i < reads; i++) at = words[at];
  const cost = Number(process.hrtime.bigint() - start) / reads;
  if (at < 0) throw new Error('unreachable');
  return cost;
}

function row(...cells: (string | number)[]): void {
  console.log(
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(18) : String(cell).padStart(16))).join(''),
  );
}

const many = quick ? 500_000 : 5_000_000;

/** Bytes of resident memory and of the store's own count a peer; in a fresh process, so that nothing else is counted. */
function measureMemory(spread: Spread): void {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const store = createStore(gib);
  fill(store, many, spread);
  globalThis.gc?.();
  const resident = process.memoryUsage().rss - before;
  row(spread, (resident / many).toFixed(1), (store.totals().bytesInUse / many).toFixed(1));
}

function printAnnounceCost(): void {
  const announces = quick ? 200_000 : 2_000_000;
  console.log(`One re-announce, numwant ${numwant}, ${peersPerSwarm} peers a swarm on average\n`);
  row('peers', 'spread', 'ns/announce', 'ratio', 'MiB in use', 'heap B/announce');
  for (const spread of ['even', 'skewed'] as const) {
    let small = 0;
    for (const peers of quick ? [10_000, 1_000_000] : [10_000, 1_000_000, 10_000_000]) {
      const store = createStore(peers > 2_000_000 ? gib : gib / 4);
      fill(store, peers, spread);
      // Before the heap is looked at, so that compiling is over.
      announceCost(store, peers, spread, announces);
      globalThis.gc?.();
      const heap = process.memoryUsage().heapUsed;
      const cost = announceCost(store, peers, spread, announces);
      const perAnnounce = (process.memoryUsage().heapUsed - heap) / (announces * 5);
      small ||= cost;
      const inUse = (store.totals().bytesInUse / 1024 ** 2).toFixed(0);
      row(
        peers.toLocaleString('en'),
        spread,
        cost.toFixed(0),
        (cost / small).toFixed(2),
        inUse,
        perAnnounce.toFixed(3),
      );
    }
  }
}

function printLatency(): void {
  console.log('\nOne dependent read: what distance in memory costs here\n');
  for (const mebibytes of [1, 64, 512])
    row(`${mebibytes} MiB`, `${memoryLatency(mebibytes * 1024 ** 2).toFixed(0)} ns`);
}

function printMemory(): void {
  console.log(`\nMemory of ${many.toLocaleString('en')} IPv4 peers in a fifth as many swarms\n`);
  row('spread', 'resident B/peer', 'in use B/peer');
  for (const spread of ['even', 'skewed']) {
    const options = ['--expose-gc', process.argv[1], `--memory=${spread}`, ...(quick ? ['--quick'] : [])];
    spawnSync(process.execPath, options, { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

function printSweep(): void {
  const sweepPeers = quick ? 1_000_000 : 10_000_000;
  console.log(`\nSweep of ${sweepPeers.toLocaleString('en')} peers\n`);
  const store = createStore(gib);
  fill(store, sweepPeers, 'skewed');
  const visit = createVisit();
  for (let peer = 0; peer < sweepPeers; peer += 2) {
    setPeer(visit, peer, Math.floor(sweepPeers / peersPerSwarm), 'skewed');
    store.announce(visit, 0, 4000);
  }
  console.log(
    'Slices of about one lock each; the idle loop only reads the clocks, and shows what the machine adds\n',
  );
  const warmUp = sweepSmallStore();
  while (!warmUp.next().done);
  row('', 'whole', 'slices', 'over 1 ms', 'longest', 'on processor', 'longest there');
  for (const [what, now] of Object.entries({ first: 4000, again: 4000, 'half expired': 4700 })) {
    printSlices(what, () => store.sweep(now, 512));
  }
  const end = performance.now() + 2000;
  printSlices('idle loop', () => performance.now() > end);
}

/**
 * Calls `step` until it returns true, and prints how long the calls took: the longest by the clock, how much of that the
 * thread was on a processor, and the longest time on a processor.
 */
function printSlices(what: string, step: () => boolean): void {
  const processorMs = createProcessorClock();
  const start = performance.now();
  let slices = 0;
  let over = 0;
  let longest = 0;
  let longestOnProcessor = 0;
  let most = 0;
  for (let done = false; !done; slices++) {
    const processorBefore = processorMs();
    const before = performance.now();
    done = step();
    const took = performance.now() - before;
    const onProcessor = processorMs() - processorBefore;
    if (took > longest) [longest, longestOnProcessor] = [took, onProcessor];
    most = Math.max(most, onProcessor);
    if (took > 1) over++;
  }
  const times = [longest, longestOnProcessor, most].map((time) => `${time.toFixed(2)} ms`);
  row(what, `${(performance.now() - start).toFixed(0)} ms`, slices, over, ...times);
}

const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length);
const parts = {
  announce: printAnnounceCost,
  latency: printLatency,
  memory: printMemory,
  sweep: printSweep,
};
const memoryOf = process.argv.find((word) => word.startsWith('--memory='))?.slice('--memory='.length);
if (memoryOf) {
  measureMemory(memoryOf as Spread);
} else {
  for (const [name, print] of Object.entries(parts)) if (!only || only === name) print();
}
