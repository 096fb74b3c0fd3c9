// The load generator, a process of its own: many closed-loop clients in one busy loop; prints one JSON line.
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findFastPath } from '../src/net/availability.ts';
import { EventLoop } from '../src/net/event-loop.ts';
import { EPOLLIN } from '../src/net/layouts.ts';
import { Latencies } from './latencies.ts';
import { LoadClient, type LoadCounts, type PeerShare } from './load-client.ts';
import { processorSeconds } from './thread-time.ts';
import { createWorkload } from './workload.ts';

/** What one run of the load generator found out about one server. */
export interface LoadResult {
  answersPerSecond: number;
  counts: LoadCounts;
  /** Share (0 to 1) of the peers that announced before the measured time; 1 unless the server was too slow. */
  filled: number;
  meanPeers: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  /** Share of the measured time in which the generator had something to do: near 1, it may be the limit itself. */
  loadBusy: number;
  /** Share of one core that the server used, or -1 when it was not measured. */
  serverBusy: number;
}

const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '1' },
    'fill-seconds': { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '100000' },
    numwant: { type: 'string', default: '50' },
    sockets: { type: 'string', default: '8' },
    window: { type: 'string', default: '16' },
    'time-out': { type: 'string', default: '500' },
    'no-segments': { type: 'boolean', default: false },
    /** Sleep while nothing has arrived, where the server needs this core too; without, the generator keeps looking. */
    sleep: { type: 'boolean', default: false },
    'server-pid': { type: 'string' },
    /** Announces alone, and of a hundred so many that change a swarm; without, as clients of public trackers ask. */
    changes: { type: 'string' },
    /** Prints time (ms since 1970) and answers so far as often as this, so that others can tell stretches apart. */
    'report-ms': { type: 'string' },
  },
});

const { calls, reason } = findFastPath();
if (!calls) {
  console.error(`the load generator needs the fast path: ${reason}`);
  process.exit(1);
}

const sockets = Number(values.sockets);
// Each socket has an address of its own, where the loopback network has several.
const addresses = values.address.includes(':') ? 1 : sockets;
const workload = createWorkload(
  Number(values.seed),
  Number(values.torrents),
  Number(values.peers),
  addresses,
);
const counts: LoadCounts = {
  connects: 0,
  announces: 0,
  scrapes: 0,
  errors: 0,
  nonsense: 0,
  late: 0,
  lost: 0,
  peers: 0,
};
const latencies = new Latencies();
const shares = Array.from(
  { length: sockets },
  (_, index): PeerShare => ({ first: index, step: sockets, nextPeer: index }),
);
const clients = shares.map((share, index) => {
  const options = {
    address: values.address,
    port: Number(values.port),
    localAddress: values.address.includes(':') ? '::1' : `127.0.0.${1 + index}`,
    seed: Number(values.seed) * 1000 + index,
    numwant: Number(values.numwant),
    window: Number(values.window),
    timeoutMs: Number(values['time-out']),
    segmented: !values['no-segments'],
    changes: values.changes === undefined ? undefined : Number(values.changes),
  };
  return new LoadClient(calls, workload, options, counts, latencies, share);
});

const sleeping = new EventLoop(calls);
for (const { fd } of clients) sleeping.add(fd, EPOLLIN, () => false);

/** Keeps the clients busy until `done`, at the latest for `limitMs`; returns the milliseconds without anything to do. */
function exchange(limitMs: number, done: () => boolean): number {
  const start = performance.now();
  let idle = 0;
  let lastMs = start;
  let resendAt = start + 50;
  for (;;) {
    const now = performance.now();
    let answers = 0;
    for (const client of clients) answers += client.exchange(now);
    if (now > resendAt) {
      for (const client of clients) client.resendLost(now);
      resendAt = now + 50;
    }
    const end = performance.now();
    if (answers === 0) idle += end - lastMs;
    lastMs = end;
    if (answers === 0 && values.sleep) sleeping.runOnce(1);
    if (end - start >= limitMs || done()) return idle;
  }
}

function countAnswers(): number {
  return counts.announces + counts.connects + counts.scrapes;
}

/** Reports in passing, and never says that it is done. */
function createReporter(everyMs: string | undefined): () => boolean {
  let next = everyMs === undefined ? Number.POSITIVE_INFINITY : performance.now();
  return () => {
    if (performance.now() < next) return false;
    next += Number(everyMs);
    writeSync(1, `${Date.now()} ${countAnswers()}\n`);
    return false;
  };
}

const start = performance.now();
for (const client of clients) client.start(start);
const isFilled = () => shares.every(({ nextPeer }) => nextPeer >= workload.peers);
exchange(Number(values['fill-seconds']) * 1000, isFilled);
const asked = shares.reduce((sum, { first, nextPeer }) => sum + (nextPeer - first) / sockets, 0);
const filled = isFilled() ? 1 : asked / workload.peers;
for (const share of shares) share.nextPeer = workload.peers;
exchange(Number(values['warm-up']) * 1000, () => false);

for (const key of Object.keys(counts) as (keyof LoadCounts)[]) counts[key] = 0;
latencies.clear();
const processorBefore = processorSeconds(Number(values['server-pid']));
const measuredFrom = performance.now();
const idleMs = exchange(Number(values.seconds) * 1000, createReporter(values['report-ms']));
const elapsedMs = performance.now() - measuredFrom;
const serverSeconds = processorSeconds(Number(values['server-pid'])) - processorBefore;

const answers = countAnswers();
const result: LoadResult = {
  answersPerSecond: (answers / elapsedMs) * 1000,
  counts,
  filled,
  meanPeers: counts.announces === 0 ? 0 : counts.peers / counts.announces,
  p50Ms: latencies.percentile(0.5),
  p99Ms: latencies.percentile(0.99),
  p999Ms: latencies.percentile(0.999),
  loadBusy: 1 - idleMs / elapsedMs,
  serverBusy: Number.isNaN(serverSeconds) ? -1 : (serverSeconds * 1000) / elapsedMs,
};
console.log(JSON.stringify(result));
