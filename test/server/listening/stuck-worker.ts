// A socket worker that says it is ready and never wakes again until it is stopped: what a loop that hangs looks like.
import { parentPort, workerData } from 'node:worker_threads';
import type { SocketWorkerData } from '../../../src/server/listening/socket-worker.ts';

const { stopped } = (workerData as SocketWorkerData).waker;
parentPort!.postMessage({ kind: 'ready' });
while (Atomics.load(stopped, 0) === 0) Atomics.wait(stopped, 0, 0, 20);
