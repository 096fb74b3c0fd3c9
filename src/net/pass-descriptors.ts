// How open sockets go from one process to another over a Unix stream socket (SCM_RIGHTS), and text in both directions.
import { readSync } from 'node:fs';
import {
  AF_UNIX,
  cmsghdr,
  errno,
  iovec,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  mmsghdr,
  msghdr,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from './layouts.ts';
import { PinnedMemory, writePointer } from './pinned-memory.ts';
import { shortSocketPath } from './socket-path.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';
import { encodeUnixAddress } from './unix-datagram.ts';

const SCM_RIGHTS = 1;
const SO_RCVTIMEO = 20;
const F_DUPFD_CLOEXEC = 1030;
const MSG_CMSG_CLOEXEC = 0x40000000;
/** The kernel passes no more in one message. */
export const maxDescriptors = 253;
const maxTextBytes = 4096;
const controlBytes = cmsghdr.size + 4 * maxDescriptors + 4;

export interface ReceivedMessage {
  /** Empty when the other side has closed. */
  text: string;
  descriptors: number[];
}

/**
 * Sends a text and copies of descriptors, which stay open here too.
 * @param fd a connected Unix stream socket
 * @throws SystemCallError, also when the socket's buffer is full
 */
export function sendDescriptors(
  calls: SystemCalls,
  fd: number,
  text: string,
  descriptors: readonly number[],
): void {
  if (descriptors.length > maxDescriptors) throw new RangeError(`more than ${maxDescriptors} descriptors`);
  const bytes = new TextEncoder().encode(text);
  const message = createMessage(calls, bytes.length);
  try {
    message.text.bytes.set(bytes);
    const control = message.control.words;
    control[cmsghdr.length / 4] = cmsghdr.size + 4 * descriptors.length;
    control[cmsghdr.level / 4] = SOL_SOCKET;
    control[cmsghdr.type / 4] = SCM_RIGHTS;
    control.set(descriptors, cmsghdr.data / 4);
    const length = descriptors.length === 0 ? 0 : (cmsghdr.size + 4 * descriptors.length + 7) & ~7;
    message.header.words[msghdr.controllen / 4] = length;
    const sent = calls.sendmsg(fd, message.header.address, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) throw new SystemCallError('sendmsg', calls.errno(), 'passing sockets');
    if (sent !== bytes.length) throw new Error(`only ${sent} of ${bytes.length} bytes were passed`);
  } finally {
    message.memory.release();
  }
}

/** The end of a conversation that may block its thread: for a process that serves nobody yet. */
export class BlockingUnixStream {
  readonly #calls: SystemCalls;
  readonly #fd: number;

  /** @throws SystemCallError when nobody listens at `path`; Error when there is not even its directory */
  constructor(calls: SystemCalls, path: string) {
    this.#calls = calls;
    const short = shortSocketPath(path);
    const address = encodeUnixAddress(short.path);
    this.#fd = calls.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const memory = new PinnedMemory(calls, 256);
    try {
      if (this.#fd < 0) throw new SystemCallError('socket', calls.errno(), 'AF_UNIX');
      const name = memory.take(address.length);
      name.bytes.set(address);
      if (calls.connect(this.#fd, name.address, address.length) === 0) return;
      const error = new SystemCallError('connect', calls.errno(), path);
      calls.close(this.#fd);
      throw error;
    } finally {
      memory.release();
      short.release();
    }
  }

  send(text: string): void {
    sendDescriptors(this.#calls, this.#fd, text, []);
  }

  /**
   * Waits for what the other side sends next; signals do not cut it short.
   * @param timeoutMs 0 does not wait
   * @returns `undefined` when nothing came in time
   * @throws SystemCallError when the connection is broken
   */
  receive(timeoutMs: number): ReceivedMessage | undefined {
    const calls = this.#calls;
    const end = performance.now() + timeoutMs;
    if (timeoutMs > 0) this.#setTimeout(timeoutMs);
    const message = createMessage(calls, maxTextBytes);
    try {
      message.header.words[msghdr.controllen / 4] = controlBytes;
      const flags = MSG_CMSG_CLOEXEC | (timeoutMs > 0 ? 0 : MSG_DONTWAIT);
      while (calls.recvmmsg(this.#fd, message.header.address, 1, flags) < 0) {
        const error = calls.errno();
        // A call with a time limit is never begun again by the kernel, whatever the handler of the signal wants.
        if (error === errno.EINTR && performance.now() < end) continue;
        if (error === errno.EAGAIN || error === errno.EINTR) return undefined;
        throw new SystemCallError('recvmmsg', error, 'receiving sockets');
      }
      const length = message.header.words[mmsghdr.transferred / 4];
      const text = new TextDecoder().decode(message.text.bytes.subarray(0, length));
      return { text, descriptors: descriptorsIn(message.control.words, message.header.words) };
    } finally {
      message.memory.release();
    }
  }

  /**
   * Waits for bytes that follow and writes them to `target`; returns how many, 0 when the other side has closed. Signals do
   * not cut it short.
   * @throws Error with `code` EAGAIN when none came for as long as the last `receive` was ready to wait
   */
  read(target: Uint8Array): number {
    for (;;) {
      try {
        return readSync(this.#fd, target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
      }
    }
  }

  close(): void {
    this.#calls.close(this.#fd);
  }

  #setTimeout(ms: number): void {
    const memory = new PinnedMemory(this.#calls, 64);
    const time = memory.take(16);
    time.words[0] = Math.floor(ms / 1000);
    time.words[2] = (ms % 1000) * 1000;
    this.#calls.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, time.address, 16);
    memory.release();
  }
}

/**
 * Another descriptor of the same socket, which stays open when the first one is closed.
 * @throws SystemCallError
 */
export function duplicateDescriptor(calls: SystemCalls, fd: number): number {
  const copy = calls.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw new SystemCallError('fcntl', calls.errno(), `keeping descriptor ${fd}`);
  return copy;
}

/** Whether somebody listens at `path`; a file that a killed process left behind is nobody. */
export function isListening(calls: SystemCalls, path: string): boolean {
  try {
    new BlockingUnixStream(calls, path).close();
    return true;
  } catch (error) {
    if (error instanceof SystemCallError || (error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function createMessage(calls: SystemCalls, textBytes: number) {
  const memory = new PinnedMemory(calls, textBytes + controlBytes + 512);
  const header = memory.take(mmsghdr.size);
  const vector = memory.take(iovec.size);
  const text = memory.take(textBytes);
  const control = memory.take(controlBytes);
  writePointer(vector.words, 0, text.address);
  vector.words[iovec.length / 4] = textBytes;
  writePointer(header.words, msghdr.iov / 4, vector.address);
  header.words[msghdr.iovlen / 4] = 1;
  writePointer(header.words, msghdr.control / 4, control.address);
  return { memory, header, text, control };
}

function descriptorsIn(control: Int32Array, header: Int32Array): number[] {
  if (header[msghdr.controllen / 4] < cmsghdr.size) return [];
  if (control[cmsghdr.level / 4] !== SOL_SOCKET || control[cmsghdr.type / 4] !== SCM_RIGHTS) return [];
  const count = (control[cmsghdr.length / 4] - cmsghdr.size) / 4;
  return [...control.subarray(cmsghdr.data / 4, cmsghdr.data / 4 + count)];
}
