// What a socket is that another program opened for us: read from the socket itself, and made ready for our use.
import { SocketAddress } from 'node:net';
import {
  AF_INET,
  AF_INET6,
  F_GETFL,
  F_SETFL,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  sockaddrIn,
  sockaddrIn6,
} from './layouts.ts';
import { PinnedMemory } from './pinned-memory.ts';
import { decodePort, type Family } from './socket-address.ts';
import { SocketOptions } from './socket-options.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';
import { prepareTcpListener, type TcpListener } from './tcp-listener.ts';
import { askForLocalAddress, enlargeBuffers, type UdpSocket } from './udp-socket.ts';

const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;

export interface InheritedSocket {
  readonly fd: number;
  readonly kind: 'datagram' | 'stream';
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  /** A stream socket that takes connections; always false for datagrams. */
  readonly listening: boolean;
  /** An IPv6 socket that gets IPv4 too, as `::ffff:a.b.c.d`. */
  readonly dualStack: boolean;
}

/**
 * Reads what is behind a descriptor; `undefined` when it is no bound internet socket.
 * @throws SystemCallError when the descriptor is not open, or no socket
 */
export function describeSocket(calls: SystemCalls, fd: number): InheritedSocket | undefined {
  const memory = new PinnedMemory(calls, 128);
  const options = new SocketOptions(calls);
  try {
    const name = memory.take(sockaddrIn6.size);
    const length = memory.take(4);
    length.words[0] = sockaddrIn6.size;
    if (calls.getsockname(fd, name.address, length.address) !== 0) {
      throw new SystemCallError('getsockname', calls.errno(), `descriptor ${fd}`);
    }
    const family = familyOf(name.bytes);
    const type = options.get(fd, SOL_SOCKET, SO_TYPE);
    const port = decodePort(name.bytes);
    if (!family || port === 0 || (type !== SOCK_DGRAM && type !== SOCK_STREAM)) return undefined;
    return {
      fd,
      kind: type === SOCK_DGRAM ? 'datagram' : 'stream',
      family,
      address: formatAddress(name.bytes, family),
      port,
      listening: options.get(fd, SOL_SOCKET, SO_ACCEPTCONN) === 1,
      dualStack: family === 6 && options.get(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0,
    };
  } finally {
    options.close();
    memory.release();
  }
}

/** Gives an inherited UDP socket what `openUdpSockets` gives its own: large buffers, and the local address with each datagram. */
export function adoptUdpSocket(calls: SystemCalls, socket: InheritedSocket): UdpSocket {
  const { fd, family, address, port } = socket;
  const options = new SocketOptions(calls);
  try {
    const buffers = enlargeBuffers(options, fd, {});
    const localAddressKnown = askForLocalAddress(options, fd, address, family);
    return { fd, family, address, port, localAddressKnown, ...buffers };
  } finally {
    options.close();
  }
}

/** Gives an inherited listening socket what `openTcpListeners` gives its own; it may be listened on already. */
export function adoptTcpListener(
  calls: SystemCalls,
  { fd, family, address, port }: InheritedSocket,
  backlog: number,
  deferSeconds: number,
): TcpListener {
  const options = new SocketOptions(calls);
  try {
    // Whoever opened it may have left it to wait in accept.
    calls.fcntl(fd, F_SETFL, calls.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
    prepareTcpListener(options, fd, deferSeconds);
    if (calls.listen(fd, backlog) !== 0)
      throw new SystemCallError('listen', calls.errno(), `descriptor ${fd}`);
    return { fd, family, address, port };
  } finally {
    options.close();
  }
}

function familyOf(bytes: Uint8Array): Family | undefined {
  const family = bytes[0] | (bytes[1] << 8);
  if (family === AF_INET) return 4;
  return family === AF_INET6 ? 6 : undefined;
}

function formatAddress(bytes: Uint8Array, family: Family): string {
  if (family === 4) return bytes.subarray(sockaddrIn.address, sockaddrIn.address + 4).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => {
    const at = sockaddrIn6.address + i * 2;
    return ((bytes[at] << 8) | bytes[at + 1]).toString(16);
  });
  // Node writes it in the short form.
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
