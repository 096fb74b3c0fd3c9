// What the thread that saves is told, and tells of itself: two words of shared memory.

const at = { cancelled: 0, written: 1 } as const;

export class SavingState {
  /** Hand it to the thread and make another of these there. */
  readonly words: Int32Array<SharedArrayBuffer>;

  constructor(words = new Int32Array(new SharedArrayBuffer(8))) {
    this.words = words;
  }

  /** Asks the thread to give up. Ending it from outside could leave a shard locked for ever. */
  cancel(): void {
    Atomics.store(this.words, at.cancelled, 1);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.words, at.cancelled) !== 0;
  }

  /** The thread has written another section. */
  noteWritten(): void {
    Atomics.add(this.words, at.written, 1);
  }

  /** Another number than before says that the saving goes on. */
  get written(): number {
    return Atomics.load(this.words, at.written);
  }
}
