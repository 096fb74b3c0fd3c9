// A program with a thread that takes short turns and then stands back, and says what the kernel knows of it: JSON, a line.
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { loadSystemCalls } from '../../src/net/system-calls.ts';
import { standBack, takeShortTurns } from '../../src/net/thread-turns.ts';

export interface Turns {
  readonly short: boolean;
  readonly stood: boolean;
  /** Of the thread, before and after, and of the one that started it in the end. */
  readonly niceness: readonly number[];
  /** Nanoseconds of a turn before and after; undefined where the kernel does not say. */
  readonly turns: readonly (number | undefined)[];
}

const turnNs = () => {
  try {
    const said = /^se\.slice\s*:\s*(\d+)/m.exec(readFileSync('/proc/thread-self/sched', 'latin1'));
    return said ? Number(said[1]) : undefined;
  } catch {
    return undefined;
  }
};

if (isMainThread) {
  new Worker(fileURLToPath(import.meta.url)).once('message', (told: Turns) => {
    process.stdout.write(JSON.stringify({ ...told, niceness: [...told.niceness, getPriority()] }));
  });
} else {
  const { calls } = loadSystemCalls();
  const before = [turnNs(), getPriority()];
  const short = takeShortTurns(calls!);
  const after = turnNs();
  const stood = standBack();
  parentPort!.postMessage({ short, stood, niceness: [before[1], getPriority()], turns: [before[0], after] });
}
