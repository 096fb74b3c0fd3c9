// Whether this machine lets us use io_uring, found out by using it: a few bytes from one socket to another.
import { AF_UNIX, errno, SOCK_CLOEXEC, SOCK_STREAM } from '../layouts.ts';
import { PinnedMemory } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';
import { receiveBufferBytes, receiveBuffers, StreamRing } from './stream-ring.ts';

/** Why io_uring cannot be had here, in one line; undefined where it can. */
export function whyNoUring(calls: SystemCalls): string | undefined {
  try {
    tryUring(calls);
    return undefined;
  } catch (error) {
    return explainNoUring(error);
  }
}

/** What an operator can do about it that no ring could be made. */
export function explainNoUring(error: unknown): string {
  if (!(error instanceof SystemCallError)) return error instanceof Error ? error.message : String(error);
  switch (error.errno) {
    case errno.ENOSYS:
      return 'this kernel has no io_uring, or a sandbox hides it';
    case errno.EPERM:
    case errno.EACCES:
      return 'io_uring is forbidden here: by kernel.io_uring_disabled, or by the seccomp profile of a container';
    case errno.EINVAL:
      return 'this kernel is too old; it needs Linux 6.1';
    default:
      return error.message;
  }
}

function tryUring(calls: SystemCalls): void {
  const memory = new PinnedMemory(calls, receiveBuffers * receiveBufferBytes + 128);
  const output = memory.take(64);
  const pair = memory.take(8);
  const buffers = memory.take(receiveBuffers * receiveBufferBytes);
  const ring = new StreamRing(calls, buffers.address, output.address, () => {});
  try {
    if (calls.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.address) !== 0)
      throw new SystemCallError('socketpair', calls.errno());
    const [one, other] = pair.words;
    const reception = ring.receive(one);
    ring.send(other, 0, output.bytes.length, 0);
    ring.fetch();
    let came = 0;
    ring.end(one, reception, (at, end) => {
      came += end - at;
    });
    calls.close(one);
    calls.close(other);
    if (came !== output.bytes.length) throw new Error('what io_uring sent did not come');
  } finally {
    ring.close();
    memory.release();
  }
}
