// The sockets of the socket workers: opened or inherited for all of them before any thread is started, one a worker at each address.
import { adoptTcpListener, adoptUdpSocket, type InheritedSocket } from '../../net/inherited-socket.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { openTcpListeners, type TcpListener } from '../../net/tcp-listener.ts';
import { closeUdpSockets, openUdpSockets, type UdpSocket } from '../../net/udp-socket.ts';
import { backlog } from '../../transport/http/http-limits.ts';

/** A connection is accepted when it says something, or after so many seconds. */
const deferSeconds = 1;

export class WorkerSockets {
  readonly #calls: SystemCalls;
  readonly #workers: number;
  /** One socket a worker, in each. */
  readonly #binds: UdpSocket[][] = [];
  /** One listening socket a worker, in each. */
  readonly #listens: TcpListener[][] = [];

  /** @param workers how many there will be */
  constructor(calls: SystemCalls, workers: number) {
    this.#calls = calls;
    this.#workers = workers;
  }

  /** Opens an address for all workers and returns one of its sockets. Throws SystemCallError. */
  bind(address: string, port: number): UdpSocket {
    const sockets = openUdpSockets(this.#calls, { address, port, count: this.#workers });
    this.#binds.push(sockets);
    return sockets[0];
  }

  /**
   * Takes an inherited socket for all workers, or several on one address and port. One from systemd cannot be multiplied: systemd bound it, and only the same user in
   * the same network namespace may bind beside it. So all workers wait for it, and the kernel wakes one at a time.
   */
  adopt(inherited: InheritedSocket, beside: readonly InheritedSocket[] = []): UdpSocket {
    const sockets = [inherited, ...beside].map((socket) => adoptUdpSocket(this.#calls, socket));
    this.#binds.push(...this.#spread(sockets));
    return sockets[0];
  }

  /** One a worker, in each; of several on one port none may be without a thread: the kernel would go on sending clients there. */
  #spread<T>(sockets: readonly T[]): T[][] {
    const workers = this.#workers;
    const spread: T[][] = [];
    for (let first = 0; first < sockets.length; first += workers) {
      spread.push(Array.from({ length: workers }, (_, number) => sockets[(first + number) % sockets.length]));
    }
    return spread;
  }

  /** Opens an address for HTTP connections for all workers and returns the port. Throws SystemCallError. */
  listen(address: string, port: number): number {
    const count = this.#workers;
    const listeners = openTcpListeners(this.#calls, { address, port, count, backlog, deferSeconds });
    this.#listens.push(listeners);
    return listeners[0].port;
  }

  /** Takes an inherited listening socket for all workers, or several on one address and port, as `adopt` does. */
  adoptListening(inherited: InheritedSocket, beside: readonly InheritedSocket[] = []): void {
    const listeners = [inherited, ...beside].map((socket) =>
      adoptTcpListener(this.#calls, socket, backlog, deferSeconds),
    );
    this.#listens.push(...this.#spread(listeners));
  }

  /** The descriptors of all datagram sockets on an address and port. */
  descriptorsAt(address: string, port: number): number[] {
    return descriptorsOf(this.#binds.flat(), address, port);
  }

  /** The descriptors of all listening sockets on an address and port. */
  listeningAt(address: string, port: number): number[] {
    return descriptorsOf(this.#listens.flat(), address, port);
  }

  /** How many sockets for datagrams each worker has. */
  get bindCount(): number {
    return this.#binds.length;
  }

  /** A worker's sockets for datagrams. */
  bindsOf(number: number): UdpSocket[] {
    return this.#binds.map((sockets) => sockets[number]);
  }

  /** A worker's listening sockets. */
  listenersOf(number: number): TcpListener[] {
    return this.#listens.map((listeners) => listeners[number]);
  }

  close(): void {
    closeUdpSockets(this.#calls, [...new Set(this.#binds.splice(0).flat())]);
    for (const fd of new Set(this.#listens.splice(0).flatMap((ones) => ones.map((one) => one.fd)))) {
      this.#calls.close(fd);
    }
  }
}

function descriptorsOf(
  sockets: readonly { fd: number; address: string; port: number }[],
  address: string,
  port: number,
): number[] {
  const there = sockets.filter((socket) => socket.address === address && socket.port === port);
  return [...new Set(there.map(({ fd }) => fd))];
}
