// How another thread wakes an event loop that sleeps in the kernel, and tells it to end: an eventfd and a shared word.
import { EFD_CLOEXEC, EFD_NONBLOCK } from './layouts.ts';
import { PinnedMemory, type Region } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

/** Plain data for `workerData`: what the thread that sleeps needs. The word is 0, or 1 once the loop is to end. */
export interface WakerHandle {
  readonly fd: number;
  readonly stopped: Int32Array<SharedArrayBuffer>;
}

const open = new Set<Waker>();

/** Kept by the thread that wakes; the thread that sleeps gives the `handle` to its `EventLoop`. */
export class Waker {
  readonly handle: WakerHandle;
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #one: Region;

  constructor(calls: SystemCalls) {
    const fd = calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) throw new SystemCallError('eventfd', calls.errno());
    this.handle = { fd, stopped: new Int32Array(new SharedArrayBuffer(4)) };
    this.#calls = calls;
    this.#memory = new PinnedMemory(calls, 64);
    this.#one = this.#memory.take(8);
    this.#one.words[0] = 1;
    // Node joins its worker threads when it exits, and one that sleeps in epoll_wait would be waited for for ever.
    if (open.size === 0) process.once('exit', stopAll);
    open.add(this);
  }

  /** Wakes the loop, or makes its next sleep return at once. */
  wake(): void {
    // EAGAIN means a counter so full that the loop is awake anyway.
    this.#calls.write(this.handle.fd, this.#one.address, 8);
  }

  /** Makes the loop return from `run`, now and for ever. */
  stop(): void {
    Atomics.store(this.handle.stopped, 0, 1);
    this.wake();
  }

  /** Closes the eventfd; the loop must have ended. */
  close(): void {
    if (!open.delete(this)) return;
    if (open.size === 0) process.off('exit', stopAll);
    this.#calls.close(this.handle.fd);
    this.#memory.release();
  }
}

/** Wakes loops that another thread keeps the wakers of, by their eventfds. */
export class OthersWaker {
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #one: Region;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#memory = new PinnedMemory(calls, 64);
    this.#one = this.#memory.take(8);
    this.#one.words[0] = 1;
  }

  /** `fd`: of a `WakerHandle`. */
  wake(fd: number): void {
    this.#calls.write(fd, this.#one.address, 8);
  }

  release(): void {
    this.#memory.release();
  }
}

function stopAll(): void {
  for (const waker of open) waker.stop();
}
