// How one thread sleeps until any of its descriptors is ready: epoll, level-triggered, for sockets of every kind.
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, errno } from './layouts.ts';
import { PinnedMemory, type Region } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';
import type { WakerHandle } from './waker.ts';

const capacity = 256;

/** Called with the EPOLL* bits that are ready. What stays unread is reported again, so a share may be left. */
export type OnReady = (events: number) => void;

/** Blocks its thread while it runs, so it belongs into a worker; the main thread reaches it through a `Waker`. */
export class EventLoop {
  readonly #calls: SystemCalls;
  readonly #epoll: number;
  readonly #memory: PinnedMemory;
  readonly #events: Region;
  readonly #change: Region;
  readonly #counter: Region;
  readonly #eventWords: number;
  readonly #dataWord: number;
  readonly #readers: (OnReady | undefined)[] = [];
  #stopped = false;

  constructor(calls: SystemCalls) {
    const { epollEventSize, epollEventData } = calls.architecture;
    this.#calls = calls;
    this.#epoll = calls.epollCreate1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw new SystemCallError('epoll_create1', calls.errno());
    this.#eventWords = epollEventSize / 4;
    this.#dataWord = epollEventData / 4;
    this.#memory = new PinnedMemory(calls, capacity * epollEventSize + 256);
    this.#events = this.#memory.take(capacity * epollEventSize);
    this.#change = this.#memory.take(epollEventSize);
    this.#counter = this.#memory.take(8);
  }

  /** Calls `onReady` whenever one of the EPOLL* bits of `interest` is set on `fd`. */
  add(fd: number, interest: number, onReady: OnReady): void {
    this.#control(EPOLL_CTL_ADD, fd, interest);
    this.#readers[fd] = onReady;
  }

  change(fd: number, interest: number): void {
    this.#control(EPOLL_CTL_MOD, fd, interest);
  }

  /** To be called before `fd` is closed; events of this round that are still to come for it are dropped. */
  remove(fd: number): void {
    this.#readers[fd] = undefined;
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** Lets another thread wake and stop this loop. `onWake` runs once for any number of wakings in between. */
  listenTo(waker: WakerHandle, onWake?: () => void): void {
    this.add(waker.fd, EPOLLIN, () => {
      this.#calls.read(waker.fd, this.#counter.address, 8);
      if (Atomics.load(waker.stopped, 0) !== 0) this.stop();
      else onWake?.();
    });
  }

  /**
   * Sleeps and calls, until `stop`. With `tickMs`, `onTick` runs at least that often; without, an idle loop does
   * not wake at all. An exception of a called function ends the loop and is the caller's.
   */
  run(tickMs = -1, onTick?: () => void): void {
    let tickAt = performance.now() + tickMs;
    while (!this.#stopped) {
      if (tickMs < 0) {
        this.runOnce(-1);
        continue;
      }
      this.runOnce(Math.max(0, Math.ceil(tickAt - performance.now())));
      if (performance.now() < tickAt || this.#stopped) continue;
      onTick?.();
      tickAt = performance.now() + tickMs;
    }
  }

  /** One sleep of at most `timeoutMs` (-1: no limit, 0: none) and the calls it leads to. Returns their number. */
  runOnce(timeoutMs: number): number {
    const { address, words } = this.#events;
    const ready = this.#calls.epollWait(this.#epoll, address, capacity, timeoutMs);
    if (ready < 0) {
      const error = this.#calls.errno();
      if (error !== errno.EINTR) throw new SystemCallError('epoll_wait', error);
      return 0;
    }
    for (let i = 0, at = 0; i < ready; i++, at += this.#eventWords) {
      this.#readers[words[at + this.#dataWord]!]?.(words[at]!);
    }
    return ready;
  }

  /** Makes `run` return after the calls of this round. */
  stop(): void {
    this.#stopped = true;
  }

  /** Closes the epoll descriptor and forgets the others, which stay their owners'. */
  close(): void {
    this.#calls.close(this.#epoll);
    this.#readers.length = 0;
    this.#memory.release();
  }

  #control(operation: number, fd: number, interest: number): void {
    this.#change.words[0] = interest;
    this.#change.words[this.#dataWord] = fd;
    if (this.#calls.epollCtl(this.#epoll, operation, fd, this.#change.address) !== 0) {
      throw new SystemCallError('epoll_ctl', this.#calls.errno(), `descriptor ${fd}`);
    }
  }
}
