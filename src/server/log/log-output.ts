// Where log lines leave the process: never waiting for a reader, never failing, counting what could not be written.
//
// Standard output is opened anew without blocking (pipes, terminals) or made so (sockets, pipes of another user);
// regular files are written by another thread. What cannot be written waits in 256 KiB, is tried again twice a second,
// and is lost beyond that: counted, and told in one line once lines can be written again. Chosen over pino's
// asynchronous destination, whose last flush repeats for ever while a reader stands still.
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/** What waits for a slow reader at most; later lines are lost. */
const mostPendingBytes = 256 * 1024;
const retryMs = 500;
/** A reader that is only slow is waited for so long at the end; one that stands still costs the end no more. */
const closeWithinMs = 300;

/**
 * Lines that cannot be written now (no reader, a reader that stands still, a full disk, a terminal that is gone) wait within
 * a bound and are tried again; what is beyond it is lost and counted. A regular file is written by another thread, because
 * a slow disk may hold it up; everything else is asked not to block.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #isFile: boolean;
  readonly #onRecovery: (lost: number) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #busy = false;
  /** Of the write that another thread is at: its bytes, and those of the file before it. */
  #underWay = 0;
  #sizeBefore = 0;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #lost = 0;
  #untold = 0;

  /** @param onRecovery is called with the number of lines lost, once lines can be written again */
  constructor(fd: number, onRecovery: (lost: number) => void) {
    this.#isFile = isFile(fd);
    this.#fd = this.#isFile ? fd : withoutBlocking(fd);
    this.#onRecovery = onRecovery;
  }

  /** Lines lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (this.#pendingBytes > mostPendingBytes) {
      this.#lost++;
      this.#untold++;
      return;
    }
    const bytes = Buffer.from(line);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (!this.#busy && this.#retry === undefined) this.#writeOn();
  }

  /** Writes what waits as far as it can be written within a fraction of a second; nothing is written any more after it. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    const deadline = performance.now() + closeWithinMs;
    if (this.#busy) this.#awaitWrite(deadline);
    while (this.#pendingBytes > 0) {
      try {
        this.#wrote(writeSync(this.#fd, this.#joined()));
      } catch (error) {
        if (!isFull(error) || performance.now() > deadline) return;
        sleep(10);
      }
    }
  }

  /** Else what the other thread is just writing would be written twice. Its callback comes too late: this thread ends. */
  #awaitWrite(deadline: number): void {
    while (sizeOf(this.#fd) < this.#sizeBefore + this.#underWay) {
      if (performance.now() > deadline) return;
      sleep(1);
    }
    this.#wrote(this.#underWay);
  }

  #writeOn(): void {
    if (this.#isFile) {
      const bytes = this.#joined();
      this.#busy = true;
      this.#underWay = bytes.length;
      this.#sizeBefore = sizeOf(this.#fd);
      write(this.#fd, bytes, (error, written) => {
        if (this.#closed) return;
        this.#busy = false;
        if (error === null) this.#wrote(written);
        this.#continue(error !== null);
      });
      return;
    }
    try {
      this.#wrote(writeSync(this.#fd, this.#joined()));
      this.#continue(false);
    } catch {
      this.#continue(true);
    }
  }

  #continue(failed: boolean): void {
    if (failed) {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#writeOn();
      }, retryMs).unref();
    } else if (this.#pendingBytes > 0) {
      this.#writeOn();
    } else if (this.#untold > 0) {
      const lost = this.#untold;
      this.#untold = 0;
      this.#onRecovery(lost);
    }
  }

  #joined(): Buffer {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0];
  }

  #wrote(bytes: number): void {
    const rest = this.#joined().subarray(bytes);
    this.#pending = rest.length > 0 ? [rest] : [];
    this.#pendingBytes = rest.length;
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Bytes of a file; 0 where that cannot be told. */
function sizeOf(fd: number): number {
  try {
    return fstatSync(fd).size;
  } catch {
    return 0;
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/**
 * A descriptor for the same place that does not block. Opened anew where that can be, so that whoever shares a terminal or
 * a pipe with the tracker keeps it as it was; sockets, and what another user made, cannot be.
 */
function withoutBlocking(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Setting it up is all that is wanted of Node's own stream: it makes the descriptor one that does not block.
    try {
      if (!isatty(fd)) new Socket({ fd, readable: false, writable: true }).unref().on('error', () => {});
    } catch {
      // Not a pipe and not a socket, or closed: then writing says so.
    }
    return fd;
  }
}
