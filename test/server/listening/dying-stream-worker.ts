// A stream worker that fails, with all its connections, once the test says so; started again it is a real one.
import { workerData } from 'node:worker_threads';
import type { StreamWorkerData } from '../../../src/server/listening/stream-worker.ts';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';

const { counters, index } = (workerData as StreamWorkerData).https;
const own = new HttpCounters(counters, index);
await import('../../../src/server/listening/stream-worker.ts');
setInterval(() => {
  // A number that no thread counts to.
  if (own.notFound !== -1) return;
  own.notFound = 0;
  process.removeAllListeners('uncaughtException');
  throw new Error('a dying thread');
}, 5);
