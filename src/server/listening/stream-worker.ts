// The thread that carries HTTPS on Node's own loop, over the one store. Started by StreamWorkers.
import '../../cli/typescript-lines.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { loadSystemCalls } from '../../net/system-calls.ts';
import type { TcpListener } from '../../net/tcp-listener.ts';
import { standBack } from '../../net/thread-turns.ts';
import { Protection, type ProtectionMemory } from '../../tracker/protection.ts';
import { Tracker, type TrackerSettings } from '../../tracker/tracker.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { LiveChange, RequestLog } from '../../transport/live-change.ts';
import { attachStore } from '../storage/attach-store.ts';
import { type HttpsMessage, HttpsWorker, type HttpsWorkerData } from './https-worker.ts';
import { LiveParts } from './live-change.ts';
import { createLines, createReporter, tell } from './thread-words.ts';

export interface StreamWorkerData {
  store: SharedArrayBuffer;
  /** Starts this thread's choice of peers. */
  seed: number;
  settings: TrackerSettings;
  protection: ProtectionMemory;
  requestLog: RequestLog;
  /** One word: lines for the log that the main thread has not written yet. */
  linesWaiting: Int32Array;
  /** One word, counted up whenever the main thread asks for it: how it sees that the loop still turns. */
  pulse: Int32Array;
  /** One word, for all threads: 0 until they may answer. */
  gate: Int32Array;
  https: HttpsWorkerData;
  /** Shared by all threads, which each listen on all of them. */
  listeners: readonly TcpListener[];
}

/** What the main thread tells. */
export type StreamOrder =
  | { kind: 'serve' }
  | { kind: 'pulse' }
  /** Other threads have asked for something in the table of connections. */
  | { kind: 'wake' }
  /** This and the next are answered with `done`. */
  | { kind: 'change'; change: LiveChange; number: number }
  | { kind: 'certificate'; certificate: TlsCertificate; number: number }
  | { kind: 'ticket keys'; keys: TicketKeys }
  | { kind: 'stop'; graceMs: number }
  /** Of the full scrape that the thread asked for by this number. */
  | { kind: 'scrape piece'; number: number; piece: Uint8Array<SharedArrayBuffer> }
  | { kind: 'scrape complete'; number: number; ageMs: number }
  | { kind: 'scrape failed'; number: number; message: string };

/** What the thread tells besides what every thread does. */
export type StreamMessage = { kind: 'done'; number: number } | HttpsMessage;

run(workerData as StreamWorkerData);

function run(data: StreamWorkerData): void {
  const { calls, reason } = loadSystemCalls();
  if (!calls) throw new Error(reason);
  standBack();
  const protection = new Protection(data.protection);
  const tracker = new Tracker(attachStore(data.store, data.seed), data.settings, protection);
  const { names, webTorrent } = data.https.settings;
  const parts = new LiveParts(tracker, createLines(data.linesWaiting), data.requestLog, {
    names,
    rules: webTorrent?.rules,
  });
  const onException = createReporter();
  const https = new HttpsWorker(data.https, {
    calls,
    tracker,
    onException,
    tell: tell as (message: HttpsMessage) => void,
  });
  // As on the main thread: a timer that throws is a defect, and no reason to end everybody's connections.
  process.on('uncaughtException', (error) => https.failed(error));
  const serve = () => https.listen(data.listeners).catch((error) => fail(error));
  const obey: { [K in StreamOrder['kind']]: (order: Extract<StreamOrder, { kind: K }>) => unknown } = {
    serve,
    pulse: () => Atomics.add(data.pulse, 0, 1),
    wake: () => https.wake(),
    change: ({ change, number }) => {
      parts.takeUp(change);
      isDone(number);
    },
    certificate: ({ certificate, number }) => {
      try {
        https.setCertificate(certificate);
      } finally {
        isDone(number);
      }
    },
    'ticket keys': ({ keys }) => https.setTicketKeys(keys),
    // Never from outside: a thread that is terminated could hold a lock.
    stop: ({ graceMs }) => https.close(graceMs).finally(() => process.exit(0)),
    'scrape piece': ({ number, piece }) => https.scrapes.add(number, piece),
    'scrape complete': ({ number, ageMs }) => https.scrapes.complete(number, ageMs),
    'scrape failed': ({ number, message }) => https.scrapes.fail(number, message),
  };
  parentPort!.on('message', (order: StreamOrder) => obey[order.kind](order as never));
  tell({ kind: 'ready' });
  // A thread that is started again is told nothing.
  if (Atomics.load(data.gate, 0) === 1) void serve();
}

function isDone(number: number): void {
  tell({ kind: 'done', number } satisfies StreamMessage);
}

/** Without its sockets the thread is no use, and is started again. */
function fail(error: unknown): void {
  process.removeAllListeners('uncaughtException');
  throw error;
}
