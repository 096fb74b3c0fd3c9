// What any thread that serves sockets says to the main thread: that it is ready, what went wrong, a line for the log.
import { parentPort } from 'node:worker_threads';
import type { LogFields } from '../log/log.ts';
import type { RequestLines } from './request-log.ts';

export type ThreadMessage =
  | { kind: 'ready' }
  /** A defect that a request has brought to light; the thread goes on. */
  | { kind: 'exception'; message: string; stack: string }
  /** For a verbose log, which is the main thread's. */
  | { kind: 'line'; message: string; fields: LogFields };

/** What every request meets must not drown the main thread in messages. */
const tellEveryMs = 1000;
/** Lines that come faster than they are written are left out and counted; they would fill the memory. */
const mostLinesWaiting = 1000;

export function tell(message: unknown): void {
  parentPort!.postMessage(message);
}

/** Passes on one in a second. */
export function sampled<T>(say: (what: T) => void): (what: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (what) => {
    if (performance.now() - last < tellEveryMs) return;
    last = performance.now();
    say(what);
  };
}

export function createReporter(): (error: unknown) => void {
  return sampled((error) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: 'exception', message, stack: stack ?? '' } satisfies ThreadMessage);
  });
}

/** @param waiting one word: lines that the main thread has not written yet */
export function createLines(waiting: Int32Array): RequestLines {
  let leftOut = 0;
  return {
    debug: (message, fields = {}) => {
      if (Atomics.load(waiting, 0) >= mostLinesWaiting) {
        leftOut++;
        return;
      }
      Atomics.add(waiting, 0, 1);
      const more = leftOut > 0 ? { lines_left_out: leftOut } : {};
      leftOut = 0;
      tell({ kind: 'line', message, fields: { ...fields, ...more } } satisfies ThreadMessage);
    },
  };
}
