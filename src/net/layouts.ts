// The one table of Linux's structs and constants as x64 and arm64 lay them out, and of where the two differ.

/*
 * All offsets and sizes are bytes. These are the kernel's layouts (include/uapi), which the recvmmsg and sendmmsg
 * calls of this folder meet directly; glibc and musl agree with them on both processors, because both are
 * little-endian with 64-bit pointers. The only differences between x64 and arm64 are the two at the end.
 *
 *   struct          size  fields (offset)
 *   iovec             16  base 0, length 8
 *   msghdr            56  name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48
 *   mmsghdr           64  the msghdr, then the number of bytes received or sent 56
 *   cmsghdr           16  length 0 (header included), level 8, type 12; the data follows at 16
 *   sockaddr_in       16  family 0, port 2 (big-endian), address 4
 *   sockaddr_in6      28  family 0, port 2 (big-endian), flowinfo 4, address 8, scope_id 24
 *   in_pktinfo        12  ifindex 0, spec_dst 4 (the local address to answer from), addr 8 (the header's destination)
 *   in6_pktinfo       20  addr 0, ifindex 16
 *   epoll_event    12/16  events 0, data 4 on x64 (packed), 8 on arm64
 */
export const iovec = { size: 16, base: 0, length: 8 } as const;
export const msghdr = {
  size: 56,
  name: 0,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 48,
} as const;
export const mmsghdr = { size: 64, transferred: 56 } as const;
export const cmsghdr = { size: 16, length: 0, level: 8, type: 12, data: 16 } as const;
export const sockaddrIn = { size: 16, family: 0, port: 2, address: 4 } as const;
export const sockaddrIn6 = { size: 28, family: 0, port: 2, flowinfo: 4, address: 8, scopeId: 24 } as const;
export const inPktinfo = { size: 12, ifindex: 0, specDst: 4, addr: 8 } as const;
export const in6Pktinfo = { size: 20, addr: 0, ifindex: 16 } as const;

/** What one control message with `dataSize` bytes takes in a control buffer (CMSG_SPACE): padded to 8 bytes. */
export function controlSpace(dataSize: number): number {
  return cmsghdr.size + ((dataSize + 7) & ~7);
}

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const F_GETFL = 3;
export const F_SETFL = 4;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_LINGER = 13;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
/** Reads nine uint32 about a socket's queues; the last of them counts the datagrams the kernel dropped. */
export const SO_MEMINFO = 55;
export const memInfo = { size: 36, receiveQueued: 0, drops: 32 } as const;

export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
/** Whether datagrams may be fragmented: WANT (the default) lets those that the path needs in pieces, DO none. */
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
/** Seconds for which a connection is not accepted unless it says something. */
export const TCP_DEFER_ACCEPT = 9;
export const SHUT_WR = 1;
export const IPPROTO_UDP = 17;
/** Segment size of one big datagram that the kernel cuts into many (since Linux 4.18); used to make load. */
export const UDP_SEGMENT = 103;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_ANONYMOUS = 0x20;
export const MAP_POPULATE = 0x8000;

export const MSG_CTRUNC = 0x08;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_NOSIGNAL = 0x4000;

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;
/** Of several loops that wait for one descriptor, wake one (since Linux 4.5); only when it is added. */
export const EPOLLEXCLUSIVE = 1 << 28;
/** Tell of what happens only, not of what is. */
export const EPOLLET = 1 << 31;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EFD_NONBLOCK = 0o4000;
export const EFD_CLOEXEC = 0o2000000;

export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOSYS: 38,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ENOBUFS: 105,
} as const;

/** The same on both processors. */
export const SYS_io_uring_setup = 425;
export const SYS_io_uring_enter = 426;
export const SYS_io_uring_register = 427;

/** What differs between the processors. System calls are numbered because musl has no batching `sendmmsg`. */
export interface Architecture {
  readonly recvmmsg: number;
  readonly sendmmsg: number;
  readonly bpf: number;
  readonly schedSetattr: number;
  readonly epollEventSize: number;
  readonly epollEventData: number;
}

export const architectures: Readonly<Record<string, Architecture>> = {
  x64: { recvmmsg: 299, sendmmsg: 307, bpf: 321, schedSetattr: 314, epollEventSize: 12, epollEventData: 4 },
  arm64: { recvmmsg: 243, sendmmsg: 269, bpf: 280, schedSetattr: 274, epollEventSize: 16, epollEventData: 8 },
};
