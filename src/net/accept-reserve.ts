// The descriptor that a thread gives up for a moment to turn a connection away with, when its process has no other left.
//
// Descriptors are the process's, so in that moment another thread's accept could take it, for a connection that it then keeps;
// and the thread could turn nobody away any more. Therefore threads that are short of descriptors accept one at a time, and
// none takes the last one while another is without its reserve.
import { EFD_CLOEXEC, EFD_NONBLOCK } from './layouts.ts';
import type { SystemCalls } from './system-calls.ts';

/** Where the two words stand in what is shared. */
const at = { lock: 0, missing: 1 } as const;

/** A turn takes four system calls; whoever waits longer looks at its other descriptors first. */
const patienceMs = 1;

export class AcceptReserve {
  /** Words of shared memory, zeros at first, that all of a process's threads have which turn connections away. */
  static readonly words = 2;
  readonly #calls: SystemCalls;
  readonly #shared: Int32Array;
  #descriptor = -1;
  #isShort = false;
  #isMissed = false;

  constructor(calls: SystemCalls, shared: Int32Array) {
    this.#calls = calls;
    this.#shared = shared;
    this.take();
  }

  /** Whether to accept in turns: this thread found no descriptor the last time, or another one has no reserve. */
  get isShort(): boolean {
    return this.#isShort || this.#shared[at.missing] !== 0;
  }

  /** Does `accept` with one descriptor kept back where another thread is without its reserve; undefined when there is no such. */
  keepingBack(accept: () => number): number | undefined {
    if (Atomics.load(this.#shared, at.missing) === 0) return accept();
    const kept = this.#calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (kept < 0) return undefined;
    try {
      return accept();
    } finally {
      this.#calls.close(kept);
    }
  }

  /** Waits for this thread's turn; false when it did not come. */
  begin(): boolean {
    this.#isShort = true;
    for (let tries = 0; tries < 2; tries++) {
      if (Atomics.compareExchange(this.#shared, at.lock, 0, 1) === 0) return true;
      Atomics.wait(this.#shared, at.lock, 1, patienceMs);
    }
    return false;
  }

  end(): void {
    Atomics.store(this.#shared, at.lock, 0);
    Atomics.notify(this.#shared, at.lock, 1);
  }

  /** There was a descriptor for a connection after all. */
  isEnough(): void {
    this.#isShort = false;
  }

  /** Makes sure that it is there; false when there is no descriptor. */
  take(): boolean {
    if (this.#descriptor < 0) this.#descriptor = this.#calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const isMissed = this.#descriptor < 0;
    if (isMissed !== this.#isMissed) Atomics.add(this.#shared, at.missing, isMissed ? 1 : -1);
    this.#isMissed = isMissed;
    return !isMissed;
  }

  /** Gives it up, until `take`. */
  give(): void {
    if (this.#descriptor >= 0) this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Gives it up for ever. */
  close(): void {
    this.give();
    if (this.#isMissed) Atomics.sub(this.#shared, at.missing, 1);
    this.#isMissed = false;
  }
}
