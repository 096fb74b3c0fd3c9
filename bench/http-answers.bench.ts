// `npm run bench http-answers`: what one HTTP announce costs a socket worker in JavaScript, without any system call.
//
// The kernel is played: every round `epoll_wait` reports 32 connections, of which each has one request to be read. What
// remains is reading the head, asking the tracker and writing the reply.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EventLoop } from '../src/net/event-loop.ts';
import { formatPercent } from '../src/protocol/percent.ts';
import { monotonicSeconds } from '../src/server/clock.ts';
import { Tracker } from '../src/tracker/tracker.ts';
import { ConnectionTable } from '../src/transport/http/connection-table.ts';
import { HttpCounters } from '../src/transport/http/http-counters.ts';
import { defaultHttpLimits } from '../src/transport/http/http-limits.ts';
import { HttpEpoll } from '../src/transport/http-epoll/http-epoll.ts';
import { answerOptions, compareAnswers, quickTenth, trackerSettings } from './answer-times.ts';
import { createFilledStore } from './filled-store.ts';
import { firstFd, PlayedKernel } from './played-kernel.ts';
import { Random } from './random.ts';
import { createWorkload } from './workload.ts';

const connections = 32;
const warmUpMs = 1500;
const measuredMs = 1500;
const listener = 50;

const flags = process.argv.slice(2);
const { values } = parseArgs({
  options: {
    ...answerOptions,
    /** For such a process itself: `kept` or `closed`. */
    manner: { type: 'string' },
  },
});

if (values.manner !== undefined) console.log(measureHere(values.manner === 'closed'));
else
  compareAnswers(fileURLToPath(import.meta.url), flags, values, 'connections', [
    ['kept', '--manner=kept'],
    ['one a request', '--manner=closed'],
  ]);

/** Nanoseconds of an answer. */
function measureHere(closes: boolean): number {
  const workload = createWorkload(1, Number(values.torrents), Number(values.peers), 1);
  const store = createFilledStore(workload, 1, 1024 ** 3);
  const tracker = new Tracker(store, trackerSettings);
  const infoHashes = new Uint8Array(workload.infoHashes.buffer);
  const random = new Random(1);
  const requests = Array.from({ length: 4096 }, () => {
    const peer = random.below(workload.peers);
    const at = workload.torrentOf[peer] * 20;
    const query = `info_hash=${formatPercent(infoHashes.subarray(at, at + 20))}&peer_id=-qB5140-${String(peer).padStart(12, '0')}&port=${workload.portOf[peer]}&uploaded=0&downloaded=0&left=${workload.seeding[peer] === 1 ? 0 : 1000}&compact=1&numwant=50`;
    const fields = `Host: 127.0.0.1\r\nUser-Agent: bench\r\n${closes ? 'Connection: close\r\n' : ''}`;
    return new Uint8Array(Buffer.from(`GET /announce?${query} HTTP/1.1\r\n${fields}\r\n`, 'latin1'));
  });
  const kernel = new PlayedKernel(requests);
  const loop = new EventLoop(kernel.calls);
  const http = new HttpEpoll(kernel.calls, loop, {
    tracker,
    counters: new HttpCounters(new SharedArrayBuffer(HttpCounters.bytes), 0),
    limits: defaultHttpLimits,
    table: ConnectionTable.create(1, 1024, Int32Array.of(1, 2)),
    thread: 0,
    max: 1000,
    maxPerAddress: 1000,
    trustedProxies: [],
    isOverLimit: () => false,
    proxyProtocol: false,
    announceUrls: () => [],
    clock: monotonicSeconds,
    onException: (error) => {
      throw error;
    },
    onBrokenProxyHeader: () => undefined,
    redirectTo: () => undefined,
    acme: false,
    handOver: () => undefined,
    wake: () => undefined,
  });
  http.listen(listener);
  if (!closes) {
    kernel.toAccept = connections;
    kernel.ready = [listener];
    loop.runOnce(0);
    kernel.ready = Array.from({ length: connections }, (_, i) => firstFd + i);
  } else kernel.ready = [listener];
  return quickTenth(
    () => {
      const answered = kernel.sent;
      const start = performance.now();
      for (let round = 0; round < 16; round++) {
        if (closes) kernel.toAccept = connections;
        loop.turn(0);
      }
      return ((performance.now() - start) * 1e6) / (kernel.sent - answered);
    },
    warmUpMs,
    measuredMs,
  );
}
