// The socket workers seen from the main thread: opens their sockets, starts them, starts one again that has failed.
import { Worker } from 'node:worker_threads';
import type { IpVisibility } from '../../admin/shown-address.ts';
import { adoptUdpSocket, type InheritedSocket } from '../../net/inherited-socket.ts';
import { SocketOptions } from '../../net/socket-options.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { closeUdpSockets, openUdpSockets, type UdpSocket } from '../../net/udp-socket.ts';
import { Waker } from '../../net/waker.ts';
import { stepsSince32 } from '../../protocol/wrapped-time.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { AccessMemory } from '../../tracker/access.ts';
import { Protection } from '../../tracker/protection.ts';
import type { TrackerSettings } from '../../tracker/tracker.ts';
import { createUdpCounters, UdpCounter, udpCounterBytes } from '../../transport/udp/udp-counters.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import type { RequestLines } from './request-log.ts';
import type { SocketWorkerData, SocketWorkerMessage } from './socket-worker.ts';

export interface SocketWorkersOptions {
  workers: number;
  store: SwarmStore;
  settings: TrackerSettings;
  protection?: Protection;
  keys: ConnectionKeys;
  /** Told of what threads fail with; they go on, or are started again. */
  failed: (error: unknown) => void;
  /** Where a verbose log's line for each request goes, and how much of an address it shows. */
  requestLog?: { lines: RequestLines; logIp: IpVisibility } | undefined;
  /** What the threads run; tests have one that fails. */
  program?: URL;
}

const socketWorkerProgram = new URL('./socket-worker.js', import.meta.url);
const firstRestartMs = 100;
const longestRestartMs = 10_000;

/**
 * Sockets first, threads after: `bind` opens an address's sockets, one a worker, and either has them all or throws; so
 * a tracker that cannot have a port has started nothing. Then `start`.
 */
export class SocketWorkers {
  readonly #calls: SystemCalls;
  readonly #options: SocketWorkersOptions;
  readonly #binds: UdpSocket[][] = [];
  readonly #threads: Thread[] = [];
  readonly #gate = new Int32Array(new SharedArrayBuffer(4));
  #counters: Float64Array[] = [];
  #closed: Promise<void> | undefined;

  constructor(calls: SystemCalls, options: SocketWorkersOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  /** Opens an address for all workers and returns one of its sockets. Throws SystemCallError. */
  bind(address: string, port: number): UdpSocket {
    const sockets = openUdpSockets(this.#calls, { address, port, count: this.#options.workers });
    this.#binds.push(sockets);
    return sockets[0]!;
  }

  /**
   * Takes an inherited socket for all workers, or several on one address and port. One from systemd cannot be multiplied: systemd bound it, and only the same user in
   * the same network namespace may bind beside it. So all workers wait for it, and the kernel wakes one at a time.
   */
  adopt(inherited: InheritedSocket, beside: readonly InheritedSocket[] = []): UdpSocket {
    const { workers } = this.#options;
    const sockets = [inherited, ...beside].map((socket) => adoptUdpSocket(this.#calls, socket));
    // Of several on one port none may be without a thread: the kernel would go on sending clients there.
    for (let first = 0; first < sockets.length; first += workers) {
      this.#binds.push(
        Array.from({ length: workers }, (_, number) => sockets[(first + number) % sockets.length]!),
      );
    }
    return sockets[0]!;
  }

  /** The descriptors of all sockets on an address and port. */
  descriptorsAt(address: string, port: number): number[] {
    const sockets = this.#binds.flat().filter((socket) => socket.address === address && socket.port === port);
    return [...new Set(sockets.map(({ fd }) => fd))];
  }

  /** Starts the threads; resolves when all of them could answer, rejects when one cannot. They begin at `serve`. */
  async start(): Promise<void> {
    const { workers, store, settings, keys, failed, program = socketWorkerProgram } = this.#options;
    const { protection = new Protection(), requestLog } = this.#options;
    const binds = this.#binds.length;
    const counters = new SharedArrayBuffer(workers * binds * udpCounterBytes);
    this.#counters = Array.from({ length: workers * binds }, (_, index) =>
      createUdpCounters(counters, index),
    );
    for (let number = 0; number < workers; number++) {
      const waker = new Waker(this.#calls);
      const data: Omit<SocketWorkerData, 'seed'> = {
        store: store.buffer,
        settings,
        protection: protection.memory,
        keys,
        sockets: this.#binds.map((sockets) => sockets[number]!),
        waker: waker.handle,
        logIp: requestLog?.logIp,
        linesWaiting: new Int32Array(new SharedArrayBuffer(4)),
        gate: this.#gate,
        accessChanges: new Int32Array(new SharedArrayBuffer(4)),
        pulse: new Int32Array(new SharedArrayBuffer(4)),
        counters,
        counterIndexes: this.#binds.map((_, bind) => number * binds + bind),
      };
      this.#threads.push(new Thread(number, program, data, waker, failed, requestLog?.lines));
    }
    await Promise.all(this.#threads.map((thread) => thread.start()));
  }

  /** Lets the threads answer. */
  serve(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  /** Gives the threads new rules of who may announce what; each takes them up before its next packets. */
  setAccess(memory: AccessMemory): void {
    for (const thread of this.#threads) thread.setAccess(memory);
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
        const counters = this.#counters[data.counterIndexes[i]!]!;
        // The kernel counts modulo 2^32.
        const before = counters[UdpCounter.droppedByKernel]!;
        if (drops >= 0) counters[UdpCounter.droppedByKernel] = before + stepsSince32(before, drops);
      });
    });
    options.close();
    return this.#counters;
  }

  /** Ends the threads, each after the batch it is answering, and closes the sockets; once, however often it is called. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // A thread that still waits for the gate must come to see that it is to end.
    this.serve();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    closeUdpSockets(this.#calls, [...new Set(this.#binds.splice(0).flat())]);
  }
}

/** One worker thread, again and again until it is stopped. */
class Thread {
  readonly data: Omit<SocketWorkerData, 'seed'>;
  readonly #number: number;
  readonly #program: URL;
  readonly #waker: Waker;
  readonly #failed: (error: unknown) => void;
  readonly #lines: RequestLines | undefined;
  #worker: Worker | undefined;
  #restartMs = firstRestartMs;
  #readyAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #ended: (() => void) | undefined;
  #lastPulse = -1;

  constructor(
    number: number,
    program: URL,
    data: Omit<SocketWorkerData, 'seed'>,
    waker: Waker,
    failed: (error: unknown) => void,
    lines: RequestLines | undefined,
  ) {
    this.#number = number;
    this.#program = program;
    this.data = data;
    this.#waker = waker;
    this.#failed = failed;
    this.#lines = lines;
  }

  /** Resolves when the thread answers; rejects when it fails before that, and then it is not started again. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false;
      let cause: unknown;
      const [seed] = crypto.getRandomValues(new Int32Array(1));
      const worker = new Worker(this.#program, { workerData: { ...this.data, seed } });
      this.#worker = worker;
      worker.on('message', (message: SocketWorkerMessage) => {
        if (message.kind === 'ready') {
          ready = true;
          this.#readyAt = performance.now();
          resolve();
        } else if (message.kind === 'line') {
          Atomics.sub(this.data.linesWaiting, 0, 1);
          this.#lines?.debug(message.message, message.fields);
        } else {
          const error = new Error(message.message);
          error.stack = message.stack;
          this.#failed(error);
        }
      });
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        if (this.#stopping) this.#ended?.();
        else if (ready) this.#startAgain(cause);
        else reject(cause ?? new Error(`socket worker ${this.#number} ended before it was ready`));
      });
    });
  }

  feelPulse(): boolean {
    const pulse = Atomics.load(this.data.pulse, 0);
    const alive = pulse !== this.#lastPulse;
    this.#lastPulse = pulse;
    this.#waker.wake();
    return alive;
  }

  /** The thread fetches the message before its next packets, or when it wakes: an idle one must not collect them. */
  setAccess(memory: AccessMemory): void {
    this.data.protection = { ...this.data.protection, access: memory };
    this.#worker?.postMessage(memory);
    Atomics.add(this.data.accessChanges, 0, 1);
    if (!this.#stopping) this.#waker.wake();
  }

  /** Resolves when the thread has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#waker.stop();
    if (this.#worker) await ended;
    this.#waker.close();
  }

  #startAgain(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : 'it ended by itself';
    const error = new Error(`socket worker ${this.#number} failed and is started again: ${reason}`, {
      cause,
    });
    if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
    this.#failed(error);
    // A thread that has held out for a while has earned a quick restart again.
    if (performance.now() - this.#readyAt > longestRestartMs) this.#restartMs = firstRestartMs;
    this.#restart = setTimeout(() => {
      this.start().catch((error) => this.#startAgain(error));
    }, this.#restartMs);
    this.#restartMs = Math.min(longestRestartMs, this.#restartMs * 2);
  }
}
