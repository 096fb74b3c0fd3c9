// Whether this machine lets us use the fast path, found out by using it: one datagram to itself and back.
import { DatagramBatch } from './datagram-batch.ts';
import { EventLoop } from './event-loop.ts';
import { EPOLLIN } from './layouts.ts';
import { PinnedMemory } from './pinned-memory.ts';
import { encodeSocketAddress } from './socket-address.ts';
import { SystemCallError } from './system-call-error.ts';
import { loadSystemCalls, type SystemCalls, type SystemCallsOrReason } from './system-calls.ts';
import { closeUdpSockets, openUdpSockets } from './udp-socket.ts';
import { Waker } from './waker.ts';

let found: SystemCallsOrReason | undefined;

/**
 * The system calls once they have been seen to work, or one line that says why the program has to do without: not
 * Linux, no koffi, a sandbox that forbids one of the calls. Tried once per thread, about a millisecond; never throws.
 */
export function findFastPath(): SystemCallsOrReason {
  found ??= find();
  return found;
}

function find(): SystemCallsOrReason {
  const loaded = loadSystemCalls();
  if (!loaded.calls) return loaded;
  try {
    tryEcho(loaded.calls);
    return loaded;
  } catch (error) {
    return { reason: `a trial on loopback failed: ${error instanceof Error ? error.message : error}` };
  }
}

/** Sends a datagram from a wildcard socket to itself, sleeps for it, answers it and receives the answer. */
function tryEcho(calls: SystemCalls): void {
  const closing: (() => void)[] = [];
  try {
    const options = { address: '0.0.0.0', port: 0, receiveBuffer: 65536, sendBuffer: 65536 };
    const [socket] = openUdpSockets(calls, options);
    closing.push(() => closeUdpSockets(calls, [socket]));
    const waker = new Waker(calls);
    closing.push(() => waker.close());
    const loop = new EventLoop(calls);
    closing.push(() => loop.close());
    const batch = new DatagramBatch(calls, socket, 2);
    closing.push(() => batch.close());
    let arrived = 0;
    loop.listenTo(waker.handle);
    loop.add(socket.fd, EPOLLIN, () => {
      for (let cell = batch.receive() - 1; cell >= 0; cell--) {
        if (++arrived === 1) batch.reply(cell, batch.length(cell));
      }
      batch.flush();
      return batch.isBusy;
    });
    sendToItself(calls, socket.fd, socket.port);
    for (let round = 0; round < 4 && arrived < 2; round++) loop.runOnce(250);
    if (arrived < 2) throw new Error('the datagram did not come back');
  } finally {
    for (const close of closing.reverse()) close();
  }
}

function sendToItself(calls: SystemCalls, fd: number, port: number): void {
  const memory = new PinnedMemory(calls, 128);
  const name = memory.take(32);
  const payload = memory.take(8);
  const length = encodeSocketAddress(name.bytes, '127.0.0.1', port);
  const sent = calls.sendto(fd, payload.address, 8, 0, name.address, length);
  memory.release();
  if (sent !== 8) throw new SystemCallError('sendto', calls.errno());
}
