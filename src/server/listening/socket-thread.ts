// One socket worker's thread seen from the main thread: started, told, and started again until it is stopped.
import { Worker } from 'node:worker_threads';
import type { Waker } from '../../net/waker.ts';
import type { AccessMemory } from '../../tracker/access.ts';
import type { HttpWorkerMessage } from './http-worker.ts';
import type { RequestLines } from './request-log.ts';
import type { SocketWorkerData, SocketWorkerMessage } from './socket-worker.ts';

const firstRestartMs = 100;
const longestRestartMs = 10_000;

/** Whom a thread tells what. */
export interface ToldOfThread {
  /** What it fails with; it goes on, or is started again. */
  failed(error: unknown): void;
  /** It has ended without having been told to. */
  abandoned(): void;
  /** What it says of HTTP. */
  hear: ((message: HttpWorkerMessage) => void) | undefined;
  /** It receives from the queues of network cards that it was told of. */
  ringsTaken(): void;
  /** Its lines for a verbose log. */
  lines: RequestLines | undefined;
}

export class SocketThread {
  readonly data: Omit<SocketWorkerData, 'seed'>;
  readonly #number: number;
  readonly #program: URL;
  readonly #waker: Waker;
  readonly #told: ToldOfThread;
  #worker: Worker | undefined;
  #restartMs = firstRestartMs;
  #readyAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #ended: (() => void) | undefined;
  #lastPulse = -1;
  /** The last change of the rules that it has taken up. */
  #accessTaken = -1;
  readonly #accessWaits = new Set<() => void>();

  constructor(
    number: number,
    program: URL,
    data: Omit<SocketWorkerData, 'seed'>,
    waker: Waker,
    told: ToldOfThread,
  ) {
    this.#number = number;
    this.#program = program;
    this.data = data;
    this.#waker = waker;
    this.#told = told;
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
          this.#told.lines?.debug(message.message, message.fields);
        } else if (message.kind === 'access') {
          this.#accessTaken = message.changes;
          this.#lookAtAccess();
        } else if (message.kind === 'rings taken') this.#told.ringsTaken();
        else if (message.kind !== 'exception') this.#told.hear?.(message);
        else {
          const error = new Error(message.message);
          error.stack = message.stack;
          this.#told.failed(error);
        }
      });
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        this.#lookAtAccess();
        if (!this.#stopping) this.#told.abandoned();
        if (this.#stopping) this.#ended?.();
        else if (ready) this.#startAgain(cause);
        else reject(cause ?? new Error(`socket worker ${this.#number} ended before it was ready`));
      });
    });
  }

  wake(): void {
    if (!this.#stopping) this.#waker.wake();
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

  /** Resolves to true once the thread answers by the last rules, or does not answer at all; to false after `withinMs`. */
  accessTaken(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (taken: boolean) => {
        clearTimeout(late);
        this.#accessWaits.delete(look);
        resolve(taken);
      };
      const look = () => {
        // A thread that is started again has the last rules from its beginning.
        if (this.#worker === undefined || this.#accessTaken === this.data.accessChanges[0]) end(true);
      };
      const late = setTimeout(() => end(false), withinMs);
      this.#accessWaits.add(look);
      look();
    });
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

  #lookAtAccess(): void {
    for (const look of this.#accessWaits) look();
  }

  #startAgain(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : 'it ended by itself';
    const error = new Error(`socket worker ${this.#number} failed and is started again: ${reason}`, {
      cause,
    });
    if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
    this.#told.failed(error);
    // A thread that has held out for a while has earned a quick restart again.
    if (performance.now() - this.#readyAt > longestRestartMs) this.#restartMs = firstRestartMs;
    this.#restart = setTimeout(() => {
      this.start().catch((error) => this.#startAgain(error));
    }, this.#restartMs);
    this.#restartMs = Math.min(longestRestartMs, this.#restartMs * 2);
  }
}
