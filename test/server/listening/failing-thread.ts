// Loaded into every thread of a tracker (NODE_OPTIONS=--import): the first one of its kind to look at the clock when a file
// names the kind ends, by throwing or at once, as one does that has no memory left.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';

/** Where the file is. */
export const failingThreadVariable = 'CARACAL_TEST_FAILING_THREAD';
/** What it says. */
export type FailingThread = `${'socket' | 'stream'} ${'throws' | 'exits'}`;

const file = process.env[failingThreadVariable];
const kind = workerData?.https ? 'stream' : workerData?.sockets ? 'socket' : undefined;

function look(path: string): void {
  if (!existsSync(path)) return;
  const [which, how] = readFileSync(path, 'utf8').split(' ');
  if (which !== kind) return;
  try {
    unlinkSync(path);
  } catch {
    return; // another thread was first
  }
  if (how === 'exits') process.exit(1);
  const error = new Error('a failing thread');
  if (which === 'socket') throw error;
  // In nobody's call, as whatever is thrown there may be caught.
  process.removeAllListeners('uncaughtException');
  setImmediate(() => {
    throw error;
  });
}

if (file !== undefined && kind !== undefined) {
  const now = performance.now.bind(performance);
  performance.now = () => {
    look(file);
    return now();
  };
}
