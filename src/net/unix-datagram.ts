// How one datagram is sent to a Unix socket, which Node cannot: what systemd's notification socket is.
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM } from './layouts.ts';
import { PinnedMemory } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

/** sockaddr_un: the family in two bytes, then the path. */
const pathAt = 2;
const longestPath = 107;

/**
 * Sends `payload` to the socket at `path`, never waiting; a leading `@` stands for the abstract namespace.
 * @throws SystemCallError when nobody is there, or its queue is full; RangeError when the path is too long
 */
export function sendUnixDatagram(calls: SystemCalls, path: string, payload: string): void {
  const address = encodeUnixAddress(path);
  const bytes = new TextEncoder().encode(payload);
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket', calls.errno(), 'AF_UNIX');
  const memory = new PinnedMemory(calls, address.length + bytes.length + 128);
  try {
    const name = memory.take(address.length);
    const message = memory.take(bytes.length);
    name.bytes.set(address);
    message.bytes.set(bytes);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = calls.sendto(fd, message.address, bytes.length, flags, name.address, address.length);
    if (sent < 0) throw new SystemCallError('sendto', calls.errno(), path);
  } finally {
    memory.release();
    calls.close(fd);
  }
}

/** The sockaddr_un of a path: ended by a zero byte in the file system, begun with one in the abstract namespace. */
export function encodeUnixAddress(path: string): Uint8Array {
  const text = new TextEncoder().encode(path);
  if (text.length > longestPath)
    throw new RangeError(`a socket's path has at most ${longestPath} bytes: ${path}`);
  const abstract = path.startsWith('@');
  const address = new Uint8Array(pathAt + text.length + (abstract ? 0 : 1));
  address[0] = AF_UNIX;
  address.set(text, pathAt);
  if (abstract) address[pathAt] = 0;
  return address;
}
