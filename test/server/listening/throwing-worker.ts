// A socket worker whose loop throws at its first descriptor, three times; then it is a real one.
import { workerData } from 'node:worker_threads';
import type { SocketWorkerData } from '../../../src/server/listening/socket-worker.ts';

const data = workerData as SocketWorkerData;
const starts = new Float64Array(data.counters);
// The last counter of the first socket's set is no counter: this test's threads count their starts in it.
const at = 15;
const notOpen = 99_999;
if (starts[at]++ < 3) Object.assign(data.sockets[0], { fd: notOpen });
await import('../../../src/server/listening/socket-worker.ts');
