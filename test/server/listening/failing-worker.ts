// A socket worker that says it is ready and then fails, the first time; the second time it is a real one.
import { parentPort, workerData } from 'node:worker_threads';
import { loadSystemCalls } from '../../../src/net/system-calls.ts';
import type { SocketWorkerData } from '../../../src/server/listening/socket-worker.ts';

const { counters } = workerData as SocketWorkerData;
const starts = new Float64Array(counters);
// The last counter of the first socket's set is no counter: this test's threads count their starts in it.
const at = 15;
if (starts[at]++ === 0) {
  if (!loadSystemCalls().calls) throw new Error('no system calls');
  parentPort!.postMessage({ kind: 'ready' });
  setTimeout(() => {
    throw new Error('a failing thread');
  }, 20);
} else {
  await import('../../../src/server/listening/socket-worker.ts');
}
