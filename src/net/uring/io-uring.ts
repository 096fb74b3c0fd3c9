// One io_uring: the memory it shares with the kernel, work put into it, and what the kernel says of work that is done.
import { EFD_CLOEXEC, EFD_NONBLOCK, errno } from '../layouts.ts';
import { PinnedMemory, writePointer } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';

// The kernel's layouts (include/uapi/linux/io_uring.h), in words of 32 bits.

/** io_uring_params; behind `submissionRing` and `completionRing` stand the offsets of those rings, in bytes. */
const parameter = {
  submissions: 0,
  completions: 1,
  flags: 2,
  features: 5,
  submissionRing: 10,
  completionRing: 20,
} as const;
/** io_sqring_offsets */
const submissionRing = { tail: 1, flags: 4, order: 6, words: 10 } as const;
/** io_cqring_offsets */
const completionRing = { head: 0, tail: 1, entries: 5, flags: 6, words: 10 } as const;
/** io_uring_sqe: `kind` is opcode, flags and ioprio, `flags` those of the operation, `low` and `high` user_data; `rest` is 0. */
const submission = {
  ...{ kind: 0, fd: 1, offset: 2, offsetHigh: 3, address: 4, addressHigh: 5, length: 6, flags: 7 },
  ...{ low: 8, high: 9, rest: 10, words: 16 },
} as const;
/** io_uring_cqe */
const completion = { low: 0, high: 1, result: 2, flags: 3, words: 4 } as const;
if (
  parameter.submissionRing + submissionRing.words !== parameter.completionRing ||
  submission.high + 1 !== submission.rest ||
  completion.flags + 1 !== completion.words
)
  throw new RangeError('the fields of io_uring do not follow each other');
/** What the kernel is given of them, in whole cache lines. */
const parameterBytes = 128;

const SETUP_CQSIZE = 1 << 3;
/** A submission that fails does not keep back those behind it (Linux 5.18). */
const SETUP_SUBMIT_ALL = 1 << 7;
/** Says in the flags of the submission ring that the kernel has something to do when it is entered (5.19). */
const SETUP_TASKRUN_FLAG = 1 << 9;
/** One thread alone uses the ring (6.0), and the kernel does its part only when that thread asks for it (6.1). */
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const ringFlags =
  SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
const FEAT_SINGLE_MMAP = 1;
const OFFSET_OF_SUBMISSIONS = 0x10000000;
const ENTER_GETEVENTS = 1;
const SQ_TASKRUN = 1 << 2;
const CQ_EVENTFD_DISABLED = 1;
const REGISTER_EVENTFD = 4;

/** More than enough for a kernel that has no memory for one request at the moment. */
const mostTries = 1000;

/** Belongs to the thread that makes it. */
export class IoUring {
  readonly fd: number;
  /**
   * An eventfd that is written to when something is done, or to be done by the kernel: to be watched for its edges, and never
   * read. (The ring itself can be polled, but wakes nobody for what is only to be done.)
   */
  readonly wakes: number;
  /** Most submissions between two `enter`s. */
  readonly capacity: number;
  /** The completion that `next` took last: its user_data in two words, result and flags. */
  low = 0;
  high = 0;
  result = 0;
  flags = 0;
  readonly #calls: SystemCalls;
  readonly #maps: readonly (readonly [address: number, bytes: number])[];
  readonly #submissions: Int32Array;
  readonly #sqTail: Int32Array;
  readonly #completions: Int32Array;
  readonly #cqHead: Int32Array;
  readonly #cqTail: Int32Array;
  readonly #cqFlags: Int32Array;
  readonly #sqFlags: Int32Array;
  readonly #cqMask: number;
  #unsubmitted = 0;
  #tail: number;
  #head: number;
  /** Up to where `enter` has looked for completions that it gives at once. */
  #seen: number;

  /** @throws SystemCallError when the kernel does not let us have one */
  constructor(calls: SystemCalls, submissions: number, completions: number) {
    this.#calls = calls;
    const memory = new PinnedMemory(calls, parameterBytes);
    const { address, words } = memory.take(parameterBytes);
    words[parameter.completions] = completions;
    words[parameter.flags] = ringFlags;
    this.fd = calls.ioUringSetup(submissions, address);
    memory.release();
    if (this.fd < 0) throw new SystemCallError('io_uring_setup', calls.errno());
    const sqEntries = words[parameter.submissions];
    const cqEntries = words[parameter.completions];
    const sq = words.subarray(parameter.submissionRing);
    const cq = words.subarray(parameter.completionRing);
    const completionsEnd = cq[completionRing.entries] + cqEntries * completion.words * 4;
    const ringBytes = Math.max(sq[submissionRing.order] + sqEntries * 4, completionsEnd);
    const submissionBytes = sqEntries * submission.words * 4;
    const rings = calls.mapShared(this.fd, ringBytes, 0);
    const entries = rings < 0 ? -1 : calls.mapShared(this.fd, submissionBytes, OFFSET_OF_SUBMISSIONS);
    this.#maps = [
      [rings, ringBytes],
      [entries, submissionBytes],
    ];
    if (entries < 0 || (words[parameter.features] & FEAT_SINGLE_MMAP) === 0) {
      const error = calls.errno();
      this.close();
      throw new SystemCallError('mmap', error, 'io_uring');
    }
    const ring = calls.viewOf(rings, ringBytes);
    const word = (offset: number) => new Int32Array(ring, offset, 1);
    this.capacity = sqEntries;
    this.#submissions = new Int32Array(calls.viewOf(entries, submissionBytes));
    this.#sqTail = word(sq[submissionRing.tail]);
    // Which entry is the next: always the one in its turn.
    new Int32Array(ring, sq[submissionRing.order], sqEntries).forEach((_, i, order) => {
      order[i] = i;
    });
    this.#completions = new Int32Array(ring, cq[completionRing.entries], cqEntries * completion.words);
    this.#cqHead = word(cq[completionRing.head]);
    this.#cqTail = word(cq[completionRing.tail]);
    this.#cqFlags = word(cq[completionRing.flags]);
    this.#sqFlags = word(sq[submissionRing.flags]);
    this.#cqMask = cqEntries - 1;
    this.#tail = this.#sqTail[0];
    this.#head = this.#seen = this.#cqHead[0];
    this.wakes = this.#registerEventfd();
  }

  #registerEventfd(): number {
    const calls = this.#calls;
    const memory = new PinnedMemory(calls, 64);
    const { address, words } = memory.take(64);
    const fd = calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    words[0] = fd;
    const registered = fd < 0 ? -1 : calls.ioUringRegister(this.fd, REGISTER_EVENTFD, address, 1);
    memory.release();
    if (registered === 0) return fd;
    const error = calls.errno();
    if (fd >= 0) calls.close(fd);
    this.close();
    throw new SystemCallError('io_uring_register', error, 'eventfd');
  }

  /** Whether `wakes` is left alone, as whoever would be woken is awake; on leaving it off what has come has to be looked for. */
  keepQuiet(quiet: boolean): void {
    Atomics.store(this.#cqFlags, 0, quiet ? CQ_EVENTFD_DISABLED : 0);
  }

  /** Whether there is room for one more submission before `enter`. */
  get hasRoom(): boolean {
    return this.#unsubmitted < this.capacity;
  }

  /** Whether something waits for `enter` to be done by the kernel. */
  get isOwed(): boolean {
    return this.#unsubmitted > 0;
  }

  /** Whether `next` would find something, or would after `enter`. */
  get isWaiting(): boolean {
    return (
      this.#head !== Atomics.load(this.#cqTail, 0) || (Atomics.load(this.#sqFlags, 0) & SQ_TASKRUN) !== 0
    );
  }

  /** Whether `next` would find something now. */
  get hasNext(): boolean {
    return this.#head !== Atomics.load(this.#cqTail, 0);
  }

  /**
   * Puts in a submission, which the kernel sees with the next `enter`; there must be room. Its completion brings the words
   * `low` and `high` back; one whose `high` is 0 is not told of.
   * @param kind opcode, flags << 8 and ioprio << 16
   * @param pointer address as two words, of which the lower is that of `at` 0
   */
  put(
    kind: number,
    fd: number,
    pointer: Int32Array,
    at: number,
    length: number,
    flags: number,
    low: number,
    high: number,
  ): void {
    const words = this.#submissions;
    const entry = (this.#tail & (this.capacity - 1)) * submission.words;
    const lower = (pointer[0] >>> 0) + at;
    words[entry + submission.kind] = kind;
    words[entry + submission.fd] = fd;
    words[entry + submission.offset] = words[entry + submission.offsetHigh] = 0;
    words[entry + submission.address] = lower | 0;
    words[entry + submission.addressHigh] = lower > 0xffffffff ? pointer[1] + 1 : pointer[1];
    words[entry + submission.length] = length;
    words[entry + submission.flags] = flags;
    words[entry + submission.low] = low;
    words[entry + submission.high] = high;
    for (let i: number = submission.rest; i < submission.words; i++) words[entry + i] = 0;
    this.#tail = (this.#tail + 1) | 0;
    this.#unsubmitted++;
  }

  /**
   * Has the kernel take all submissions and, with `take`, do what it owes: from then on `next` finds it. `atOnce` is given the
   * `low` and result of each new completion whose `high` is `mark`, before this returns, and `next` does not find those.
   */
  enter(take: boolean, mark: number, atOnce: (low: number, result: number) => void): void {
    Atomics.store(this.#cqHead, 0, this.#head);
    Atomics.store(this.#sqTail, 0, this.#tail);
    let tries = 0;
    do {
      const count = this.#calls.ioUringEnter(this.fd, this.#unsubmitted, take ? ENTER_GETEVENTS : 0);
      if (count >= 0) this.#unsubmitted -= count;
      else {
        const error = this.#calls.errno();
        const passing = error === errno.EINTR || error === errno.EAGAIN || error === errno.EBUSY;
        if (!passing || ++tries === mostTries) throw new SystemCallError('io_uring_enter', error);
      }
    } while (this.#unsubmitted > 0);
    const tail = Atomics.load(this.#cqTail, 0);
    for (; this.#seen !== tail; this.#seen = (this.#seen + 1) | 0) {
      const entry = (this.#seen & this.#cqMask) * completion.words;
      if (this.#completions[entry + completion.high] !== mark) continue;
      this.#completions[entry + completion.high] = 0;
      atOnce(this.#completions[entry + completion.low], this.#completions[entry + completion.result]);
    }
  }

  /** Takes the next completion into `low`, `high`, `result` and `flags`; false when there is none. */
  next(): boolean {
    const tail = Atomics.load(this.#cqTail, 0);
    while (this.#head !== tail) {
      const entry = (this.#head & this.#cqMask) * completion.words;
      this.#head = (this.#head + 1) | 0;
      if (this.#completions[entry + completion.high] === 0) continue;
      this.#read(entry);
      return true;
    }
    return false;
  }

  /** As `next`, for the first completion with this `low` and `high`, whatever stands before it. */
  find(low: number, high: number): boolean {
    const tail = Atomics.load(this.#cqTail, 0);
    for (let at = this.#head; at !== tail; at = (at + 1) | 0) {
      const entry = (at & this.#cqMask) * completion.words;
      if (
        this.#completions[entry + completion.low] !== low ||
        this.#completions[entry + completion.high] !== high
      )
        continue;
      this.#read(entry);
      this.#completions[entry + completion.high] = 0;
      return true;
    }
    return false;
  }

  #read(entry: number): void {
    const words = this.#completions;
    this.low = words[entry + completion.low];
    this.high = words[entry + completion.high];
    this.result = words[entry + completion.result];
    this.flags = words[entry + completion.flags];
  }

  /** Lets go of the ring; nothing may be under way in it. */
  close(): void {
    for (const [address, bytes] of this.#maps) if (address >= 0) this.#calls.unmap(address, bytes);
    this.#calls.close(this.fd);
    if (this.wakes >= 0) this.#calls.close(this.wakes);
  }
}

/** An address as `put` wants it. */
export function pointerTo(address: number): Int32Array {
  const words = new Int32Array(2);
  writePointer(words, 0, address);
  return words;
}
