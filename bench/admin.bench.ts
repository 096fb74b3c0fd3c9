// What observing costs the tracker: milliseconds of the main thread in each second with one dashboard open.
import { gzipSync } from 'node:zlib';
import { History, historySeriesNames } from '../src/admin/measures/history.ts';
import { Monitor } from '../src/admin/measures/monitor.ts';
import { Readiness } from '../src/admin/measures/readiness.ts';
import { Survey } from '../src/admin/measures/survey.ts';
import type { ObservedTracker } from '../src/admin/observed-tracker.ts';
import { Event } from '../src/protocol/event.ts';
import { WalkSlice } from '../src/swarm/store-walk.ts';
import { SwarmStore } from '../src/swarm/swarm-store.ts';
import { latencyBounds } from '../src/transport/answer-stats.ts';
import { nothingCounted, type TransportCounts } from '../src/transport/transport-counts.ts';
import { refusalReasons } from '../src/transport/transports.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { formatTable } from './table.ts';

const quick = process.argv.includes('--quick');
const rows = (quick ? [100_000, 1_000_000] : [100_000, 1_000_000, 10_000_000]).map(measure);
console.log(`\nWhat observing costs (${describeMachine()}, commit ${describeCommit()})`);
console.log(
  formatTable(
    ['peers', 'survey ms/s', 'figures ms/s', 'page ms/s', 'of a core', 'a survey takes', 'lock held at most'],
    rows,
  ),
);

function measure(peers: number): string[] {
  const store = createStore(peers);
  const tracker = observe(store);
  const history = new History();
  const survey = new Survey({
    walk: tracker.walk(),
    slice: tracker.createSlice(),
    totals: () => ({ swarms: 0, peers }),
    now: Date.now,
    onException: fail,
  });
  const readiness = new Readiness([], { info: () => {}, warn: () => {} }, Date.now);
  const monitor = new Monitor({ tracker, history, readiness, survey, now: Date.now, onException: fail });
  const held = longestSlice(store);

  let wakes = 0;
  const surveyMs = cpuMs(() => {
    for (; survey.result === undefined || wakes < 20; wakes++) survey.wake();
  });
  const perWake = surveyMs / wakes;
  const seconds = 100;
  let text = '';
  monitor.subscribe((stats) => {
    text = JSON.stringify(stats);
  });
  const figuresMs = cpuMs(() => {
    for (let second = 0; second < seconds; second++) monitor.wake();
  });
  // Of the page: a history for the charts every ten seconds, and the lists as often.
  const now = Math.floor(Date.now() / 1000);
  for (let second = 0; second < 3600; second++) history.record(now - 3600 + second, flatRow(second));
  const pageMs = cpuMs(() => {
    for (let n = 0; n < 20; n++) {
      gzipSync(JSON.stringify(history.read('hour', now, 360, historySeriesNames)));
      gzipSync(JSON.stringify(survey.result));
    }
  });
  const perSecond = perWake + figuresMs / seconds + pageMs / 20 / 10;
  if (text === '') throw new Error('no figures');
  return [
    peers.toLocaleString('en'),
    perWake.toFixed(2),
    (figuresMs / seconds).toFixed(2),
    (pageMs / 20 / 10).toFixed(2),
    `${(perSecond / 10).toFixed(2)} %`,
    `${wakes} s`,
    `${held.toFixed(2)} ms`,
  ];
}

function createStore(peers: number): SwarmStore {
  const memoryLimit = Math.max(64 * 2 ** 20, peers * 80);
  const store = SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(11, 22, 33, 44), peerTtl: 3600 }, 7);
  const visit = {
    ...{ infoHash: new Int32Array(5), infoHashAt: 0, peerId: new Int32Array(5), peerIdAt: 0 },
    ...{
      address: new Int32Array(4),
      addressAt: 0,
      family: 4 as const,
      port: 0,
      event: Event.none,
      seeding: false,
      early: false,
    },
    ...{ out: new Uint16Array(3), outAt: 0, outPeerIds: undefined, fillWithIpv4: false },
    ...{ complete: 0, incomplete: 0, downloaded: 0, peers: 0, ipv4Peers: 0 },
  };
  const clients = ['-qB5140-', '-TR4060-', '-UT3550-', '-DE2110-'].map(
    (prefix) => new Int32Array(new Uint8Array(Buffer.from(prefix.padEnd(20, 'x'))).buffer),
  );
  for (let peer = 0; peer < peers; peer++) {
    const swarm = peer % Math.floor(peers / 5);
    for (let i = 0; i < 5; i++) visit.infoHash[i] = Math.imul(swarm + 1, 0x85ebca6b + i * 2);
    visit.address[0] = Math.imul(peer, 0x27d4eb2f);
    visit.port = 1024 + (peer % 60_000);
    visit.peerId = clients[peer % clients.length];
    visit.seeding = peer % 3 === 0;
    if (!store.announce(visit, 0, 1000)) throw new Error(`full at ${peer} peers`);
  }
  return store;
}

function observe(store: SwarmStore): ObservedTracker {
  return {
    ...{ version: '', host: '', startedAtMs: 0, latencyBounds, listeners: [], actions: {} },
    counts: () => ({ udp: counts(), http: counts() }),
    totals: () => store.totals(),
    walk: () => store.walk(),
    createSlice: () => new WalkSlice(),
    logLinesLost: () => 0,
    recentLines: () => [],
    announceUrls: () => ({ urls: [], isPublic: false }),
    uncaughtExceptions: () => 0,
    configuration: () => [],
    snapshot: () => undefined,
    certificates: () => [],
  };
}

function counts(): TransportCounts {
  const refused = Object.fromEntries(refusalReasons.map((reason) => [reason, 1]));
  return {
    ...nothingCounted,
    ...{ announces4: [1, 2, 3, 4, 5], announces6: [1, 2, 3, 4, 5], scrapes: 1, connections: 1 },
    ...{ bytesIn: 1, bytesOut: 1, packets: { in: 1, out: 1 } },
    ...{ earlyAnnounces: 1, latencySum: 1 },
    latency: latencyBounds.map(() => 1).concat(1),
    refused,
  };
}

function flatRow(value: number) {
  return Object.fromEntries(historySeriesNames.map((name) => [name, value * 1.37])) as Parameters<
    History['record']
  >[1];
}

/** Milliseconds of the longest slice of a walk, nearly all of which holds a shard's lock. */
function longestSlice(store: SwarmStore): number {
  const walk = store.walk();
  const slice = new WalkSlice();
  // The first round also compiles the code.
  while (!walk.read(slice));
  // Of three rounds the calmest, because other programs hold this one up.
  const rounds = [0, 0, 0].map(() => {
    let longest = 0;
    for (let done = false; !done; ) {
      const start = performance.now();
      done = walk.read(slice);
      longest = Math.max(longest, performance.now() - start);
    }
    return longest;
  });
  return Math.min(...rounds);
}

function cpuMs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function fail(error: unknown): never {
  throw error;
}
