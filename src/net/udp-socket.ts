// How UDP sockets are opened for several threads on one port, and kept from sharing that port with anybody else.
//
// The first socket binds without SO_REUSEPORT and takes it only afterwards, so that our others can join: a second
// tracker's first bind is refused by the kernel at any moment, where a probe beforehand would leave a race. All are
// opened by the main thread and handed over as numbers, so a worker that is started again finds its queue intact.
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './layouts.ts';
import { type Family, familyOf, formatEndpoint } from './socket-address.ts';
import { SocketName } from './socket-name.ts';
import { SocketOptions } from './socket-options.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';

export interface UdpSocketOptions {
  /** An IP literal; `0.0.0.0` and `::` stand for every address of their family, and only of theirs. */
  address: string;
  /** 0 lets the kernel choose, once for all sockets. */
  port: number;
  /** How many sockets share the port; the kernel spreads clients over them by address and port. */
  count?: number;
  /** Bytes asked for the kernel's queue of datagrams not yet received. */
  receiveBuffer?: number;
  /** Bytes asked for the kernel's queue of datagrams not yet sent. */
  sendBuffer?: number;
}

/** Plain data, so it can be handed to a worker thread: a descriptor is valid in every thread of the process. */
export interface UdpSocket {
  readonly fd: number;
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  /** Whether datagrams come with the local address they were sent to, so that a reply can leave from it. */
  readonly localAddressKnown: boolean;
  /** Bytes obtained. Less than asked when the system's limit (`net.core.rmem_max`) is lower and may not be passed. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
}

const defaultReceiveBuffer = 8 * 1024 * 1024;
const defaultSendBuffer = 4 * 1024 * 1024;

/**
 * Opens `count` non-blocking sockets on one address and port. Either all are open or none, and then it throws a
 * `SystemCallError` (EADDRINUSE, EACCES, EADDRNOTAVAIL, …) that names the endpoint.
 *
 * The first socket binds without SO_REUSEPORT, so it fails if anybody at all has the port, and nobody else can bind
 * it from then on. Only afterwards does it take SO_REUSEPORT, to let the others join. A second tracker makes the
 * same first bind, and is refused by the kernel at any moment of this one's life.
 */
export function openUdpSockets(calls: SystemCalls, options: UdpSocketOptions): UdpSocket[] {
  const { address, count = 1 } = options;
  const family = familyOf(address);
  if (!family) throw new RangeError(`not an IPv4 or IPv6 address: ${address}`);
  const socketOptions = new SocketOptions(calls);
  const name = new SocketName(calls);
  const sockets: UdpSocket[] = [];
  let port = options.port;
  try {
    for (let index = 0; index < count; index++) {
      const fd = createSocket(calls, family);
      try {
        if (index > 0) socketOptions.set(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
        if (family === 6) socketOptions.set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
        const buffers = enlargeBuffers(socketOptions, fd, options);
        const localAddressKnown = askForLocalAddress(socketOptions, fd, address, family);
        name.bind(fd, address, port, `UDP ${formatEndpoint(address, port)}`);
        if (index === 0) {
          port = name.boundPort(fd);
          if (count > 1) socketOptions.set(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
        }
        sockets.push({ fd, family, address, port, localAddressKnown, ...buffers });
      } catch (error) {
        calls.close(fd);
        throw error;
      }
    }
  } catch (error) {
    closeUdpSockets(calls, sockets);
    throw error;
  } finally {
    socketOptions.close();
    name.close();
  }
  return sockets;
}

export function closeUdpSockets(calls: SystemCalls, sockets: readonly UdpSocket[]): void {
  for (const socket of sockets) calls.close(socket.fd);
}

function createSocket(calls: SystemCalls, family: Family): number {
  const fd = calls.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket', calls.errno(), `UDP over IPv${family}`);
  return fd;
}

/** Asks for large kernel queues and returns what was obtained, in bytes. */
export function enlargeBuffers(
  socketOptions: SocketOptions,
  fd: number,
  options: Pick<UdpSocketOptions, 'receiveBuffer' | 'sendBuffer'>,
) {
  const { receiveBuffer = defaultReceiveBuffer, sendBuffer = defaultSendBuffer } = options;
  return {
    receiveBuffer: enlarge(socketOptions, fd, SO_RCVBUFFORCE, SO_RCVBUF, receiveBuffer),
    sendBuffer: enlarge(socketOptions, fd, SO_SNDBUFFORCE, SO_SNDBUF, sendBuffer),
  };
}

// The forced form passes the system's limit and needs CAP_NET_ADMIN; the other is silently cut to the limit. Both
// store twice what is asked, to make room for the kernel's own bookkeeping, so half of what it says was obtained.
function enlarge(
  socketOptions: SocketOptions,
  fd: number,
  forced: number,
  plain: number,
  bytes: number,
): number {
  if (socketOptions.trySet(fd, SOL_SOCKET, forced, bytes) !== 0)
    socketOptions.trySet(fd, SOL_SOCKET, plain, bytes);
  return socketOptions.get(fd, SOL_SOCKET, plain) >> 1;
}

/**
 * Has the kernel tell with each datagram which local address it was sent to. A socket that is bound to one address
 * answers from it anyway, and is cheaper without the control messages: then it is false.
 */
export function askForLocalAddress(
  socketOptions: SocketOptions,
  fd: number,
  address: string,
  family: Family,
): boolean {
  if (!isUnspecified(address)) return false;
  if (family === 4) socketOptions.set(fd, IPPROTO_IP, IP_PKTINFO, 1, 'IP_PKTINFO');
  else socketOptions.set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, 'IPV6_RECVPKTINFO');
  return true;
}

function isUnspecified(address: string): boolean {
  return /^[0:.]+$/.test(address);
}
