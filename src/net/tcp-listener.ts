// How TCP sockets are opened for several threads on one port, and kept from sharing that port with anybody else.
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
  TCP_NODELAY,
} from './layouts.ts';
import { type Family, familyOf, formatEndpoint } from './socket-address.ts';
import { SocketName } from './socket-name.ts';
import { SocketOptions } from './socket-options.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

export interface TcpListenerOptions {
  /** An IP literal; `0.0.0.0` and `::` stand for every address of their family, and only of theirs. */
  address: string;
  /** 0 lets the kernel choose, once for all sockets. */
  port: number;
  /** How many sockets share the port; the kernel spreads connections over them by address and port. */
  count?: number;
  /** Connections that the kernel completes before they are accepted, for each socket. */
  backlog: number;
  /**
   * Seconds for which the kernel keeps a connection to itself on which nothing has been said: whoever connects without a
   * word costs no descriptor, and whoever asks at once is accepted with its question. 0 accepts at once.
   */
  deferSeconds: number;
}

/** Plain data, so it can be handed to a worker thread: a descriptor is valid in every thread of the process. */
export interface TcpListener {
  readonly fd: number;
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

/**
 * Opens `count` listening sockets on one address and port. The first is bound alone, and only then may others join: so a
 * second tracker is refused by the kernel at any moment of this one's life.
 * @throws SystemCallError; then none is left open
 */
export function openTcpListeners(calls: SystemCalls, options: TcpListenerOptions): TcpListener[] {
  const { address, count = 1, backlog, deferSeconds } = options;
  const family = familyOf(address);
  if (!family) throw new RangeError(`not an IPv4 or IPv6 address: ${address}`);
  const socketOptions = new SocketOptions(calls);
  const name = new SocketName(calls);
  const listeners: TcpListener[] = [];
  let port = options.port;
  try {
    for (let index = 0; index < count; index++) {
      const fd = createSocket(calls, family);
      try {
        // Connections of a tracker that has just ended may still wait for their last packets.
        socketOptions.set(fd, SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
        if (index > 0) socketOptions.set(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
        if (family === 6) socketOptions.set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
        name.bind(fd, address, port, `TCP ${formatEndpoint(address, port)}`);
        if (index === 0) {
          port = name.boundPort(fd);
          if (count > 1) socketOptions.set(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
        }
        prepareTcpListener(socketOptions, fd, deferSeconds);
        if (calls.listen(fd, backlog) !== 0) {
          throw new SystemCallError('listen', calls.errno(), `TCP ${formatEndpoint(address, port)}`);
        }
        listeners.push({ fd, family, address, port });
      } catch (error) {
        calls.close(fd);
        throw error;
      }
    }
  } catch (error) {
    for (const { fd } of listeners) calls.close(fd);
    throw error;
  } finally {
    socketOptions.close();
    name.close();
  }
  return listeners;
}

/** What accepted connections inherit, set once on the socket that listens; of an inherited one too. */
export function prepareTcpListener(socketOptions: SocketOptions, fd: number, deferSeconds: number): void {
  socketOptions.trySet(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  socketOptions.trySet(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, deferSeconds);
}

function createSocket(calls: SystemCalls, family: Family): number {
  const fd = calls.socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket', calls.errno(), `TCP over IPv${family}`);
  return fd;
}
