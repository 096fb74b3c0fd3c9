// A child of event-loop.test.ts: it leaves with code 7 while its worker sleeps in the kernel without a time limit.
import { Worker } from 'node:worker_threads';
import { loadSystemCalls, type SystemCalls } from '../../src/net/system-calls.ts';
import { openUdpSockets } from '../../src/net/udp-socket.ts';
import { Waker } from '../../src/net/waker.ts';

const calls = loadSystemCalls().calls as SystemCalls;
const [socket] = openUdpSockets(calls, { address: '127.0.0.1', port: 0 });
const waker = new Waker(calls);
const worker = new Worker(new URL('sleeping-worker.js', import.meta.url), {
  workerData: { socket, waker: waker.handle },
});
worker.once('message', () => setTimeout(() => process.exit(7), 100));
