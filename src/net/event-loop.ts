// How one thread sleeps until any of its descriptors is ready: epoll, level-triggered, for sockets of every kind.
import { performance } from 'node:perf_hooks';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, errno } from './layouts.ts';
import { PinnedMemory, type Region } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';
import type { WakerHandle } from './waker.ts';

const capacity = 256;
/** A datagram's answer takes a few microseconds, a connection's some more: so it is not worth looking in between more often. */
const lookEveryMs = 0.03;
/** To read the clock after each piece costs a server of connections 3 % of what it does. */
const piecesPerClock = 4;
/** While some descriptors are busy, the others are asked after every so many rounds. */
const roundsBetweenPolls = 8;

/**
 * Called with the EPOLL* bits that are ready. What stays unread is reported again, so a share may be left. To return
 * true says that more is coming fast: then it is called again without a sleep, until it returns anything else.
 */
export type OnReady = (events: number, fd: number) => boolean | undefined;

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
  /** By descriptor. */
  readonly #readers: (OnReady | undefined)[] = [];
  readonly #interests: number[] = [];
  /**
   * Busy descriptors, which are taken out of epoll for the time: the kernel calls epoll back for every datagram that
   * comes and every one that has left, at a cost of 5 to 8 % of all that a UDP tracker does.
   */
  readonly #busy: number[] = [];
  #rounds = 0;
  #tickMs = -1;
  #tickAt = 0;
  #onTick: (() => void) | undefined;
  readonly #afterCalls: (() => void)[] = [];
  readonly #looks: (() => void)[] = [];
  #lookedAt = 0;
  #pieces = 0;
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
    this.#interests[fd] = interest;
  }

  change(fd: number, interest: number): void {
    this.#interests[fd] = interest;
    if (!this.#busy.includes(fd)) this.#control(EPOLL_CTL_MOD, fd, interest);
  }

  /** To be called before `fd` is closed; events of this round that are still to come for it are dropped. */
  remove(fd: number): void {
    this.#readers[fd] = undefined;
    const at = this.#busy.indexOf(fd);
    if (at >= 0) this.#busy.splice(at, 1);
    else this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** For a descriptor that is closed next, which takes it out of epoll without a call of its own. */
  forget(fd: number): void {
    this.#readers[fd] = undefined;
    const at = this.#busy.indexOf(fd);
    if (at >= 0) this.#busy.splice(at, 1);
  }

  /** Calls `onTick` every `ms` from now on, instead of what was called before; without one the loop need not wake. */
  every(ms: number, onTick: (() => void) | undefined): void {
    if (onTick === this.#onTick && ms === this.#tickMs) return;
    this.#tickMs = onTick === undefined ? -1 : ms;
    this.#onTick = onTick;
    this.#tickAt = performance.now() + ms;
  }

  /** Calls this before each sleep, when descriptors or `every`'s function have been called: for what they gather. */
  afterCalls(finish: () => void): void {
    this.#afterCalls.push(finish);
  }

  /**
   * Calls this between pieces of others' work as well: for who is answered in no time, and is not to wait until many have
   * been who are not. Returns a function that ends it.
   */
  betweenPieces(look: () => void): () => void {
    this.#looks.push(look);
    return () => void this.#looks.splice(this.#looks.indexOf(look), 1);
  }

  /**
   * To be called within longer work where `betweenPieces` may have somebody called.
   * @param pieces of some microseconds each
   */
  pieceDone(pieces = 1): void {
    this.#pieces += pieces;
    if (this.#pieces < piecesPerClock || this.#looks.length === 0) return;
    this.#pieces = 0;
    if (performance.now() - this.#lookedAt < lookEveryMs) return;
    for (const look of this.#looks) look();
    this.#lookedAt = performance.now();
  }

  /** Lets another thread wake and stop this loop. `onWake` runs once for any number of wakings in between. */
  listenTo(waker: WakerHandle, onWake?: () => void): void {
    this.add(waker.fd, EPOLLIN, () => {
      this.#calls.read(waker.fd, this.#counter.address, 8);
      if (Atomics.load(waker.stopped, 0) !== 0) this.stop();
      else onWake?.();
      return false;
    });
  }

  /** Sleeps and calls, until `stop`. An exception of a called function ends the loop and is the caller's. */
  run(): void {
    while (!this.#stopped) this.turn(Number.POSITIVE_INFINITY);
  }

  /** One round of `run`: sleeps for at most `mostMs`, and calls what `every` was told when it is time. */
  turn(mostMs: number): void {
    const due = this.#onTick === undefined ? Number.POSITIVE_INFINITY : this.#tickAt - performance.now();
    const most = Math.min(mostMs, Math.max(0, Math.ceil(due)));
    this.runOnce(most === Number.POSITIVE_INFINITY ? -1 : most);
    if (this.#onTick === undefined || this.#stopped || performance.now() < this.#tickAt) return;
    this.#tickAt = performance.now() + this.#tickMs;
    this.#onTick();
    this.#finishCalls();
  }

  /**
   * Calls the busy descriptors; sleeps for the others, at most `timeoutMs` (-1: no limit, 0: none) and not at all
   * while any is busy. Returns the number of calls made.
   */
  runOnce(timeoutMs: number): number {
    const called = this.#callReady(timeoutMs);
    if (called > 0) this.#finishCalls();
    return called;
  }

  #finishCalls(): void {
    for (const finish of this.#afterCalls) finish();
  }

  #callReady(timeoutMs: number): number {
    let called = 0;
    if (this.#busy.length > 0) {
      called = this.#callBusy();
      if (this.#busy.length > 0 && ++this.#rounds % roundsBetweenPolls !== 0) return called;
    }
    const { address, words } = this.#events;
    const timeout = called > 0 ? 0 : timeoutMs;
    const ready = this.#calls.epollWait(this.#epoll, address, capacity, timeout);
    if (ready < 0) {
      const error = this.#calls.errno();
      if (error !== errno.EINTR) throw new SystemCallError('epoll_wait', error);
      return called;
    }
    for (let i = 0, at = 0; i < ready; i++, at += this.#eventWords) {
      const fd = words[at + this.#dataWord];
      if (this.#readers[fd]?.(words[at], fd) === true) this.#enterBusy(fd);
      this.pieceDone();
    }
    return called + ready;
  }

  /** Makes `run` return after the calls of this round. */
  stop(): void {
    this.#stopped = true;
  }

  /** Closes the epoll descriptor and forgets the others, which stay their owners'. */
  close(): void {
    this.#calls.close(this.#epoll);
    this.#readers.length = 0;
    this.#busy.length = 0;
    this.#memory.release();
  }

  #enterBusy(fd: number): void {
    if (!this.#readers[fd]) return; // it has removed itself
    this.#control(EPOLL_CTL_DEL, fd, 0);
    this.#busy.push(fd);
  }

  // Backwards, so that one that leaves the list, or removes itself, moves nobody who is still to come.
  #callBusy(): number {
    let called = 0;
    for (let i = this.#busy.length - 1; i >= 0; i--) {
      const fd = this.#busy[i];
      const reader = this.#readers[fd];
      if (!reader) continue; // a call has removed others
      called++;
      if (reader(this.#interests[fd], fd) === true) continue;
      const at = this.#busy.indexOf(fd);
      if (at < 0) continue;
      this.#busy.splice(at, 1);
      // Level-triggered: what has come in the meantime is reported by the next sleep.
      this.#control(EPOLL_CTL_ADD, fd, this.#interests[fd]);
    }
    return called;
  }

  #control(operation: number, fd: number, interest: number): void {
    this.#change.words[0] = interest;
    this.#change.words[this.#dataWord] = fd;
    if (this.#calls.epollCtl(this.#epoll, operation, fd, this.#change.address) !== 0) {
      throw new SystemCallError('epoll_ctl', this.#calls.errno(), `descriptor ${fd}`);
    }
  }
}
