// The socket workers seen from the main thread: starts them, starts one again that has failed, tells them and counts.
import { SocketOptions } from '../../net/socket-options.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { Waker } from '../../net/waker.ts';
import { stepsSince32 } from '../../protocol/wrapped-time.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { Protection } from '../../tracker/protection.ts';
import { TokenBuckets } from '../../tracker/token-buckets.ts';
import type { TrackerSettings } from '../../tracker/tracker.ts';
import type { ConnectionTable } from '../../transport/http/connection-table.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import type { LiveChange, RequestLog } from '../../transport/live-change.ts';
import type { SharedKeys } from '../../transport/opener.ts';
import { createUdpCounters, UdpCounter, udpCounterBytes } from '../../transport/udp/udp-counters.ts';
import type { XdpCounts } from '../../transport/udp/xdp-counts.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import { wakeForDebugger } from './debugger-wakes.ts';
import type { HttpWorkerMessage, HttpWorkerSettings } from './http-worker.ts';
import type { PassedFilter } from './passed-filters.ts';
import type { RequestLines } from './request-log.ts';
import { SocketThread, type ToldOfSocketThread } from './socket-thread.ts';
import type { SocketWorkerData } from './socket-worker.ts';
import { WorkerSockets } from './worker-sockets.ts';
import { XdpInterfaces, type XdpInterfacesOptions } from './xdp-interfaces.ts';

export interface SocketWorkersOptions {
  workers: number;
  store: SwarmStore;
  settings: TrackerSettings;
  protection?: Protection;
  keys: ConnectionKeys;
  /** What the threads know for HTTP; without it they serve none. */
  http?: HttpInWorkers | undefined;
  /** Network interfaces whose queues the threads read themselves. */
  xdp?: Omit<XdpInterfacesOptions, 'workers' | 'wake'> | undefined;
  /** Told of what threads fail with; they go on, or are started again. */
  failed: (error: unknown) => void;
  /** Whether there is a line for each request, and where it goes. */
  requestLog?: (RequestLog & { lines: RequestLines }) | undefined;
  /** What the threads run; tests have one that fails. */
  program?: URL;
}

/** HTTP on the threads, seen from the main thread. */
export interface HttpInWorkers {
  readonly settings: HttpWorkerSettings;
  /** Made for the threads, numbered from 0, and whoever else counts. */
  readonly table: ConnectionTable;
  /** Told of whatever a thread says of HTTP. */
  readonly hear: (message: HttpWorkerMessage) => void;
  /** Told of a thread that has failed, with its connections. */
  readonly abandoned?: (thread: number) => void;
}

const socketWorkerProgram = new URL('./socket-worker.js', import.meta.url);
/** Answers take milliseconds; a client that reads slowly longer. */
const usualGraceMs = 3000;
/** For threads to take up new rules: far longer than 64 packets take, shorter than an operator waits. */
const usualChangeMs = 5000;

/**
 * Sockets first, threads after: an address's `sockets` are opened, one a worker, and it either has them all or throws; so
 * a tracker that cannot have a port has started nothing. Then `start`.
 */
export class SocketWorkers {
  readonly #calls: SystemCalls;
  readonly #options: SocketWorkersOptions;
  readonly sockets: WorkerSockets;
  readonly #threads: SocketThread[] = [];
  readonly #gate = new Int32Array(new SharedArrayBuffer(4));
  #counters: Float64Array[] = [];
  #httpCounters: HttpCounters[] = [];
  /** Milliseconds that threads have for what is in flight when they are to end. */
  readonly #graceMs = new Int32Array(new SharedArrayBuffer(4));
  #endWakes: (() => void) | undefined;
  readonly #xdp: XdpInterfaces | undefined;
  #closed: Promise<void> | undefined;

  constructor(calls: SystemCalls, options: SocketWorkersOptions) {
    this.#calls = calls;
    this.#options = options;
    const { xdp, workers } = options;
    this.sockets = new WorkerSockets(calls, workers);
    const wake = (number: number) => this.wake(number);
    this.#xdp = xdp && new XdpInterfaces(calls, { ...xdp, workers, wake });
  }

  /** Starts the threads; resolves when all of them could answer, rejects when one cannot. They begin at `serve`. */
  async start(): Promise<void> {
    const { workers, store, settings, keys, failed, program = socketWorkerProgram } = this.#options;
    const { protection = new Protection(), http, requestLog } = this.#options;
    const httpCounters = new SharedArrayBuffer(workers * HttpCounters.bytes);
    if (http) {
      this.#httpCounters = Array.from(
        { length: workers },
        (_, index) => new HttpCounters(httpCounters, index),
      );
    }
    const binds = this.sockets.bindCount;
    const sets = workers * (binds + (this.#xdp ? 1 : 0));
    const counters = new SharedArrayBuffer(sets * udpCounterBytes);
    this.#counters = Array.from({ length: sets }, (_, index) => createUdpCounters(counters, index));
    for (let number = 0; number < workers; number++) {
      const waker = new Waker(this.#calls);
      if (http?.settings.webTorrent) http.settings.webTorrent.eventfds[number] = waker.handle.fd;
      const data: Omit<SocketWorkerData, 'seed'> = {
        store: store.buffer,
        settings,
        protection: protection.memory,
        keys,
        sharedKeys: undefined,
        sockets: this.sockets.bindsOf(number),
        waker: waker.handle,
        requestLog: { verbose: requestLog?.verbose ?? false, logIp: requestLog?.logIp ?? 'off' },
        linesWaiting: new Int32Array(new SharedArrayBuffer(4)),
        gate: this.#gate,
        changeCount: new Int32Array(new SharedArrayBuffer(4)),
        pulse: new Int32Array(new SharedArrayBuffer(4)),
        counters,
        counterIndexes: Array.from({ length: binds }, (_, bind) => number * binds + bind),
        http: http && {
          settings: http.settings,
          listeners: this.sockets.listenersOf(number),
          counters: httpCounters,
          table: http.table.buffer,
          thread: number,
        },
        graceMs: this.#graceMs,
        xdp: this.#xdp && {
          mailbox: this.#xdp.mailboxes[number].buffer,
          counterIndex: workers * binds + number,
        },
      };
      const told: ToldOfSocketThread = {
        failed,
        abandoned: () => {
          this.#endConnectionsOf(number);
          this.#xdp?.abandoned(number);
        },
        ringsTaken: () => this.#xdp?.ringsTaken(number),
        hear: (message) => http?.hear(message),
        lines: requestLog?.lines,
      };
      this.#threads.push(new SocketThread(number, program, data, waker, told));
    }
    await Promise.all(this.#threads.map((thread) => thread.start()));
    this.#endWakes = wakeForDebugger(() => {
      for (const thread of this.#threads) thread.wake();
    });
  }

  /** Lets the threads answer. */
  serve(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
    this.#xdp?.start(this.sockets.bindsOf(0));
  }

  /** Gives the threads what a reload changes; each takes them up before its next packets. */
  change(change: LiveChange): void {
    for (const thread of this.#threads) thread.change(change);
    const { rates } = change;
    if (rates) this.#xdp?.changeRate(rates.udp && new TokenBuckets(rates.udp).rate);
  }

  /** Has the threads make and take connection ids with these keys, before their next packets. */
  shareKeys(keys: SharedKeys): void {
    for (const thread of this.#threads) thread.shareKeys(keys);
    this.#xdp?.changeKeys(keys);
  }

  /** Resolves when no thread answers as before the last change, or to which may still do so. */
  async changeTaken(withinMs = usualChangeMs): Promise<string | undefined> {
    const taken = await Promise.all(this.#threads.map((thread) => thread.changeTaken(withinMs)));
    const late = taken.indexOf(false);
    if (late < 0) return undefined;
    return `socket worker ${late} has not taken it up within ${withinMs / 1000} s and may answer as before`;
  }

  /** Whether each thread has woken since this was last asked; asks them all to wake again. */
  isWell(): boolean {
    return this.#threads.map((thread) => thread.feelPulse()).every((alive) => alive);
  }

  /** One set of counters a socket, live; the kernel's drops are read now. */
  counters(): readonly Float64Array[] {
    const options = new SocketOptions(this.#calls);
    const seen = new Set<number>();
    this.#threads.forEach(({ data }) => {
      data.sockets.forEach((socket, i) => {
        if (seen.has(socket.fd)) return;
        seen.add(socket.fd);
        const drops = options.drops(socket.fd);
        const counters = this.#counters[data.counterIndexes[i]];
        // The kernel counts modulo 2^32.
        const before = counters[UdpCounter.droppedByKernel];
        if (drops >= 0) counters[UdpCounter.droppedByKernel] = before + stepsSince32(before, drops);
      });
    });
    options.close();
    return this.#counters;
  }

  /** What the threads have counted of HTTP, one set each, live. */
  httpCounters(): readonly HttpCounters[] {
    return this.#httpCounters;
  }

  /** What the filters of network interfaces have done. */
  xdpCounts(): XdpCounts | undefined {
    return this.#xdp?.counts();
  }

  /** Filters of network interfaces, for another tracker. */
  filters(): readonly PassedFilter[] {
    return this.#xdp?.filters() ?? [];
  }

  /** Makes a thread look at what others ask of it. */
  wake(number: number): void {
    this.#threads[number]?.wake();
  }

  /**
   * Ends the threads, each after the batch it is answering and, for at most `graceMs`, the HTTP requests in flight, and
   * closes the sockets; once, however often it is called.
   */
  close(graceMs = usualGraceMs): Promise<void> {
    Atomics.store(this.#graceMs, 0, graceMs);
    // What comes from now on is whoever's who holds the sockets then.
    this.#xdp?.detach();
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** What a thread that has failed had accepted is nobody's: nothing else would ever close it. */
  #endConnectionsOf(number: number): void {
    for (const fd of this.#options.http?.table.abandon(number) ?? []) this.#calls.close(fd);
    const counters = this.#httpCounters[number];
    if (counters) counters.connectionsOpen = 0;
    this.#options.http?.abandoned?.(number);
  }

  async #close(): Promise<void> {
    // A thread that still waits for the gate must come to see that it is to end.
    this.serve();
    this.#endWakes?.();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    this.#xdp?.close();
    this.sockets.close();
  }
}
