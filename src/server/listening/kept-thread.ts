// A thread that serves sockets, seen from the main thread: started, heard, and started again until it is stopped.
import { Worker } from 'node:worker_threads';
import type { RequestLines } from './request-log.ts';
import type { ThreadMessage } from './thread-words.ts';

const firstRestartMs = 100;
const longestRestartMs = 10_000;

/** Whom a thread tells what. */
export interface ToldOfThread<M> {
  /** What it fails with; it goes on, or is started again. */
  failed(error: unknown): void;
  /** It has ended without having been told to. */
  abandoned(): void;
  /** It is not there any more, or not now, whatever the reason. */
  ended?(): void;
  /** What it says besides. */
  hear(message: M): void;
  /** Its lines for a verbose log. */
  lines: RequestLines | undefined;
}

export interface KeptThreadOptions {
  /** In messages: `socket worker 0`. */
  readonly name: string;
  readonly program: URL;
  /** What the thread is to know, each time it starts. */
  readonly data: () => object;
  /** One word, which the thread has too: its lines for the log that are not written yet. */
  readonly linesWaiting: Int32Array;
}

/** @typeParam M what it says besides what every thread does */
export class KeptThread<M extends { kind: string }> {
  readonly #options: KeptThreadOptions;
  readonly #told: ToldOfThread<M>;
  #worker: Worker | undefined;
  #restartMs = firstRestartMs;
  #readyAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #starts = 0;
  #stopping = false;
  #ended: (() => void) | undefined;

  constructor(options: KeptThreadOptions, told: ToldOfThread<M>) {
    this.#options = options;
    this.#told = told;
  }

  /** Resolves when the thread answers; rejects when it fails before that, and then it is not started again. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { name, program, data } = this.#options;
      let ready = false;
      let cause: unknown;
      const [seed] = crypto.getRandomValues(new Int32Array(1));
      const worker = new Worker(program, { workerData: { ...data(), seed } });
      this.#worker = worker;
      this.#starts++;
      worker.on('message', (message: ThreadMessage | M) => {
        if (message.kind === 'ready') {
          ready = true;
          this.#readyAt = performance.now();
          resolve();
        } else this.#hear(message);
      });
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        this.#told.ended?.();
        if (!this.#stopping) this.#told.abandoned();
        if (this.#stopping) this.#ended?.();
        else if (ready) this.#startAgain(cause);
        else reject(cause ?? new Error(`${name} ended before it was ready`));
      });
    });
  }

  /** Whether there is a thread to hear what is posted: not while it waits to be started again. */
  get isThere(): boolean {
    return this.#worker !== undefined;
  }

  /** How often it has been started: who is told what another start asked for would not understand it. */
  get starts(): number {
    return this.#starts;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  post(message: unknown): void {
    this.#worker?.postMessage(message);
  }

  /** @param end tells the thread to end; resolves when it has */
  async stop(end: () => void): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    end();
    if (this.#worker) await ended;
  }

  #hear(said: ThreadMessage | M): void {
    const message = said as ThreadMessage;
    if (message.kind === 'line') {
      Atomics.sub(this.#options.linesWaiting, 0, 1);
      this.#told.lines?.debug(message.message, message.fields);
    } else if (message.kind === 'exception') {
      const error = new Error(message.message);
      error.stack = message.stack;
      this.#told.failed(error);
    } else this.#told.hear(said as M);
  }

  #startAgain(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : 'it ended by itself';
    const error = new Error(`${this.#options.name} failed and is started again: ${reason}`, { cause });
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
