// The thread that saves one snapshot and ends: the store is shared memory, so nobody waits while it reads and writes.
import '../../cli/typescript-lines.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { attachStore } from './attach-store.ts';
import { SavingState } from './saving-state.ts';
import { type SavedSnapshot, saveSnapshot } from './snapshot-file.ts';

export interface SnapshotWorkerData {
  store: SharedArrayBuffer;
  directory: string;
  state: Int32Array<SharedArrayBuffer>;
  /** Whether nobody is answered any more who would want the processor. */
  hurries: boolean;
}

/** Undefined when it was cancelled; an exception is the thread's `error` event. */
export type SnapshotWorkerMessage = SavedSnapshot | undefined;

const { store, directory, state: words, hurries } = workerData as SnapshotWorkerData;
const state = new SavingState(words);
/** After each MiB, so that on a machine with few cores the answering threads get theirs. */
const pauseMs = 2;
const neverNotified = new Int32Array(new SharedArrayBuffer(4));

const message: SnapshotWorkerMessage = saveSnapshot(attachStore(store, 1), directory, {
  cancelled: () => state.isCancelled,
  wrote: () => {
    state.noteWritten();
    if (!hurries) Atomics.wait(neverNotified, 0, 0, pauseMs);
  },
});
parentPort!.postMessage(message);
