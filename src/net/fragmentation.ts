// Whether the kernel may cut a socket's datagrams into pieces.
//
// While it may, it gives every IPv4 datagram an identification for the pieces to be known by, from a table that all
// cores share: 2 to 3 % of what an answer costs. While it may not, one that is longer than the path's known MTU is
// refused with EMSGSIZE, which hardly any reply is: then the permission is given for that one.
import { IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_WANT, IPPROTO_IP } from './layouts.ts';
import { SocketOptions } from './socket-options.ts';
import type { SystemCalls } from './system-calls.ts';

/** The permission to fragment of one IPv4 socket; withdrawn from the beginning. */
export class Fragmentation {
  readonly #options: SocketOptions;
  readonly #fd: number;

  constructor(calls: SystemCalls, fd: number) {
    this.#options = new SocketOptions(calls);
    this.#fd = fd;
    this.forbid();
  }

  allow(): void {
    this.#options.trySet(this.#fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
  }

  forbid(): void {
    this.#options.trySet(this.#fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  }

  close(): void {
    this.#options.close();
  }
}
