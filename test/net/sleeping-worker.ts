// The worker of event-loop.test.ts: it echoes datagrams, and sleeps in the kernel for the rest of the time.
import { parentPort, workerData } from 'node:worker_threads';
import { DatagramBatch } from '../../src/net/datagram-batch.ts';
import { EventLoop } from '../../src/net/event-loop.ts';
import { EPOLLIN } from '../../src/net/layouts.ts';
import { loadSystemCalls, type SystemCalls } from '../../src/net/system-calls.ts';
import type { UdpSocket } from '../../src/net/udp-socket.ts';
import type { WakerHandle } from '../../src/net/waker.ts';
import { echo } from './fast-path.ts';

const { socket, waker } = workerData as { socket: UdpSocket; waker: WakerHandle };
const calls = loadSystemCalls().calls as SystemCalls;
const batch = new DatagramBatch(calls, socket);
const loop = new EventLoop(calls);
loop.listenTo(waker, () => parentPort!.postMessage('woken'));
loop.add(socket.fd, EPOLLIN, () => {
  for (let cell = batch.receive() - 1; cell >= 0; cell--) echo(batch, cell);
  batch.flush();
  return batch.isBusy;
});
parentPort!.postMessage('ready');
loop.run();
loop.close();
batch.close();
