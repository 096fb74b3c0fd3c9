// The one place that reaches into Node's private handles: a socket's descriptor is known nowhere else.
import type { Server, Socket } from 'node:net';

/**
 * The descriptor of an open socket or listening server of `node:net`, which keeps it; −1 on Windows.
 * @throws TypeError when it is closed
 */
export function descriptorOf(socket: Socket | Server): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}
