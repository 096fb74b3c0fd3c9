// The thread that answers UDP and HTTP: its own sockets, its own loop in the kernel, the one store. Started by SocketWorkers.
import '../../cli/typescript-lines.ts';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DatagramBatch } from '../../net/datagram-batch.ts';
import { EventLoop } from '../../net/event-loop.ts';
import { EPOLLEXCLUSIVE, EPOLLIN } from '../../net/layouts.ts';
import { loadSystemCalls } from '../../net/system-calls.ts';
import { takeShortTurns } from '../../net/thread-turns.ts';
import type { UdpSocket } from '../../net/udp-socket.ts';
import type { WakerHandle } from '../../net/waker.ts';
import { ConnectionIds } from '../../protocol/connection-id.ts';
import { Protection, type ProtectionMemory } from '../../tracker/protection.ts';
import { Tracker, type TrackerSettings } from '../../tracker/tracker.ts';
import type { HttpEpoll } from '../../transport/http-epoll/http-epoll.ts';
import type { LiveChange, RequestLog } from '../../transport/live-change.ts';
import type { SharedKeys } from '../../transport/opener.ts';
import { UdpBatchTransport } from '../../transport/udp/udp-batch.ts';
import { createUdpCounters } from '../../transport/udp/udp-counters.ts';
import { monotonicSeconds } from '../clock.ts';
import { attachStore } from '../storage/attach-store.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import { createHttpWorker, type HttpWorkerData, type HttpWorkerMessage } from './http-worker.ts';
import { LiveParts } from './live-change.ts';
import { createLines, createReporter, tell } from './thread-words.ts';
import { XdpWorker } from './xdp-worker.ts';

export interface SocketWorkerData {
  store: SharedArrayBuffer;
  /** Starts this thread's choice of peers. */
  seed: number;
  settings: TrackerSettings;
  protection: ProtectionMemory;
  keys: ConnectionKeys;
  /** Used instead, where other machines have them too. */
  sharedKeys: SharedKeys | undefined;
  sockets: readonly UdpSocket[];
  waker: WakerHandle;
  /** Counted up whenever the main thread wakes this one: how it sees that the loop still turns. */
  pulse: Int32Array<SharedArrayBuffer>;
  requestLog: RequestLog;
  /** One word: lines for the log that the main thread has not written yet. */
  linesWaiting: Int32Array;
  /** One word, for all threads: 0 until they may answer. */
  gate: Int32Array;
  /** Counted up after a change was sent as a message. */
  changeCount: Int32Array;
  /** Shared counters, and for each socket the number of its own among them. */
  counters: SharedArrayBuffer;
  counterIndexes: readonly number[];
  http: HttpWorkerData | undefined;
  /** Which queues of network cards are this thread's, and the number of its counters for them. */
  xdp: { mailbox: SharedArrayBuffer; counterIndex: number } | undefined;
  /** One word, written before the waker is stopped: milliseconds for what is in flight then. */
  graceMs: Int32Array;
}

/** What the thread tells besides what every thread does. */
export type SocketWorkerMessage =
  /** By which change it answers. */
  | { kind: 'changed'; changes: number }
  /** The queues that the mailbox names are received from. */
  | { kind: 'rings taken' }
  | HttpWorkerMessage;

run(workerData as SocketWorkerData);

function run(data: SocketWorkerData): void {
  const { calls, reason } = loadSystemCalls();
  if (!calls) throw new Error(reason);
  takeShortTurns(calls);
  const store = attachStore(data.store, data.seed);
  const protection = new Protection(data.protection);
  const tracker = new Tracker(store, data.settings, protection);
  const names = data.http?.settings.names;
  const rules = data.http?.settings.webTorrent?.rules;
  const parts = new LiveParts(tracker, createLines(data.linesWaiting), data.requestLog, { names, rules });
  const ids = new ConnectionIds(data.keys.current, data.keys.previous);
  if (data.sharedKeys) shareKeys(ids, data.sharedKeys);
  const takeUpChanges = createUpdate(data, parts, ids);
  const onException = createReporter();
  const loop = new EventLoop(calls);
  const batches: DatagramBatch[] = [];
  let http: HttpEpoll | undefined;
  let xdp: XdpWorker | undefined;
  try {
    http = data.http && createHttpWorker(data.http, { calls, loop, tracker, onException, tell });
    loop.listenTo(data.waker, () => {
      Atomics.add(data.pulse, 0, 1);
      http?.wake();
      xdp?.readMailbox();
      takeUpChanges();
    });
    const served = data.sockets.map((socket, i) => {
      const batch = new DatagramBatch(calls, socket);
      batches.push(batch);
      const transport = new UdpBatchTransport(batch, {
        family: socket.family,
        tracker,
        ids,
        counters: createUdpCounters(data.counters, data.counterIndexes[i]),
        clock: monotonicSeconds,
        onException,
      });
      return { transport, fd: socket.fd };
    });
    takeUpChanges();
    tell({ kind: 'ready' });
    // Until then another process may answer on the same sockets.
    Atomics.wait(data.gate, 0, 0);
    const endings = served.map(({ transport }) => loop.betweenPieces(() => transport.answerSome()));
    for (const { fd, transport } of served) {
      // Of the workers that share an inherited socket one is woken; on a socket of its own it changes nothing.
      loop.add(fd, EPOLLIN | EPOLLEXCLUSIVE, () => {
        takeUpChanges();
        return transport.answerArrived();
      });
    }
    for (const { fd } of data.http?.listeners ?? []) http?.listen(fd);
    if (data.xdp) {
      const counters = createUdpCounters(data.counters, data.xdp.counterIndex);
      const taken = () => tell({ kind: 'rings taken' });
      const own = { calls, loop, tracker, ids, counters, clock: monotonicSeconds, onException, taken };
      xdp = new XdpWorker(data.xdp.mailbox, own);
      // A thread that was started again finds what was written meanwhile.
      xdp.readMailbox();
    }
    // Returns when the main thread stops the waker; an idle loop sleeps in the kernel.
    loop.run();
    for (const { fd } of served) loop.remove(fd);
    for (const end of endings) end();
    xdp?.close();
    xdp = undefined;
    if (http) endHttp(http, loop, Atomics.load(data.graceMs, 0));
  } finally {
    // Descriptors are the process's: those of a thread that has thrown would stay, and each restart adds its own.
    http?.close();
    xdp?.close();
    loop.close();
    for (const batch of batches) batch.close();
  }
}

/** Answers what has come, and waits a while for clients that have not said or read everything. */
function endHttp(http: HttpEpoll, loop: EventLoop, graceMs: number): void {
  http.stop();
  const end = performance.now() + graceMs;
  for (let left = graceMs; !http.isIdle && left > 0; left = end - performance.now()) loop.turn(left);
}

/** A thread that sleeps in the kernel hears no messages: it looks for them when the word says that there are some. */
function createUpdate({ changeCount }: SocketWorkerData, parts: LiveParts, ids: ConnectionIds): () => void {
  // One more look than needed does no harm; one that is missed would.
  let seen = -1;
  return () => {
    const changes = changeCount[0];
    if (changes === seen) return;
    seen = changes;
    for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
      const message = next.message as LiveChange | SharedKeys;
      if ('aheadSeconds' in message) shareKeys(ids, message);
      else parts.takeUp(message);
    }
    tell({ kind: 'changed', changes });
  };
}

function shareKeys(ids: ConnectionIds, { current, previous, aheadSeconds }: SharedKeys): void {
  ids.share(current, previous, aheadSeconds);
}
