// Which connections a socket worker holds: let in within the caps of all threads, ended in time, or to make room.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLIN } from '../../net/layouts.ts';
import type { StreamSockets } from '../../net/stream-sockets.ts';
import type { Cidr } from '../../protocol/cidr.ts';
import type { IpBytes } from '../../protocol/ip-address.ts';
import { type ClientAddress, includes, isLocalAddress } from '../client-address.ts';
import { ConnectionOrder } from '../http/connection-order.ts';
import { type ConnectionTable, nobody, nowhere } from '../http/connection-table.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { EpollConnection, Phase } from './epoll-connection.ts';
import type { Gathering } from './gathering.ts';
import { TimeWheel } from './time-wheel.ts';
import type { WakeUp } from './wake-up.ts';

export interface OpenConnectionsOptions {
  readonly counters: HttpCounters;
  readonly limits: HttpLimits;
  /** Of all threads. */
  readonly table: ConnectionTable;
  /** This thread's number in the table. */
  readonly thread: number;
  /** Most connections of all threads, and from one address; see HttpConnectionsOptions. */
  readonly max: number;
  readonly maxPerAddress: number;
  readonly trustedProxies: readonly Cidr[];
  /** Whether an address asks too often, so that it need not be let in at all; not asked of trusted proxies. */
  readonly isOverLimit: (address: ClientAddress) => boolean;
  /** Connections from trusted proxies begin with a PROXY protocol header. */
  readonly proxyProtocol: boolean;
  /** Makes another thread look into the table. */
  readonly wake: (thread: number) => void;
  /** Which connections enter the ring that is given; see HttpEpollOptions. */
  readonly ioUring?: 'kept' | 'all' | undefined;
}

/** Of the connections silent longest, how many are looked at for one that may end. */
const candidates = 16;
/** Records of ended connections that are kept for new ones. */
const mostUnused = 1024;
/** Whose time may be over in one turn: each costs some 15 µs, for which all others wait. */
const mostExpired = 8;

export interface ConnectionEvents {
  /** The time of a connection is over. */
  expired(connection: EpollConnection): void;
  /** As the loop tells it: something can be done with the descriptor. */
  ready(events: number, fd: number): boolean;
}

export class OpenConnections {
  /** Kept connections are watched by it rather than by epoll, where it receives. */
  readonly #gathering: Gathering;
  readonly #options: OpenConnectionsOptions;
  readonly #loop: EventLoop;
  readonly #sockets: StreamSockets;
  readonly #wakeUp: WakeUp;
  /** Told of a connection whose time is over. */
  readonly #onExpired: (connection: EpollConnection) => void;
  readonly #onReady: ConnectionEvents['ready'];
  readonly #wheel: TimeWheel<EpollConnection>;
  readonly #order = new ConnectionOrder<EpollConnection>();
  /** By descriptor. */
  readonly #all: (EpollConnection | undefined)[] = [];
  readonly #unused: EpollConnection[] = [];
  /** The address of who connected last, as bytes and as a client. */
  readonly #ip4: IpBytes;
  readonly #ip16: IpBytes;
  readonly #peer: { words: Int32Array; family: 4 | 6 };
  #count = 0;

  constructor(
    loop: EventLoop,
    sockets: StreamSockets,
    wakeUp: WakeUp,
    options: OpenConnectionsOptions,
    { expired, ready }: ConnectionEvents,
    gathering: Gathering,
  ) {
    this.#gathering = gathering;
    this.#loop = loop;
    this.#sockets = sockets;
    this.#wakeUp = wakeUp;
    this.#options = options;
    this.#onExpired = expired;
    this.#onReady = ready;
    this.#wheel = new TimeWheel(options.limits.checkEveryMs, wakeUp.ms);
    const { peerWords } = sockets;
    this.#peer = { words: peerWords, family: 4 };
    this.#ip4 = new Uint8Array(peerWords.buffer, 0, 4);
    this.#ip16 = new Uint8Array(peerWords.buffer, 0, 16);
  }

  get count(): number {
    return this.#count;
  }

  at(fd: number): EpollConnection | undefined {
    return this.#all[fd];
  }

  /** The record of a connection just accepted; undefined when it was turned away, and then its descriptor is closed. */
  admit(fd: number): EpollConnection | undefined {
    const { trustedProxies, maxPerAddress, isOverLimit, max, table, counters } = this.#options;
    const { peerFamily: family, peerWords: words } = this.#sockets;
    const ip = family === 4 ? this.#ip4 : this.#ip16;
    this.#peer.family = family;
    const proxied = trustedProxies.length > 0 && includes(trustedProxies, ip);
    const place = proxied || isLocalAddress(this.#peer) ? nowhere : table.placeOf(family, words);
    if (place !== nowhere && table.countAt(place) >= maxPerAddress) counters.connectionsRefused++;
    else if (!proxied && isOverLimit(this.#peer)) counters.connectionsRateLimited++;
    // Last: who is refused in any case must not push out somebody.
    else if (table.open >= max && !this.makeRoom()) counters.connectionsRefused++;
    else return this.#note(fd, place, proxied);
    this.#sockets.reset(fd);
    return undefined;
  }

  /** A whole request has come on it: it is the last that makes room for others now. */
  renew(connection: EpollConnection): void {
    connection.asked = true;
    connection.askedAt = this.#wakeUp.seconds;
    this.#order.renew(connection);
  }

  /** Has the loop tell of a connection when it can be read, or written to. */
  setInterest(connection: EpollConnection, interest: number): void {
    if (connection.fd < 0 || (interest === EPOLLIN && this.#enterRing(connection))) return;
    if (connection.interest === interest) return;
    if (connection.interest === 0) this.#loop.add(connection.fd, interest, this.#onReady);
    else this.#loop.change(connection.fd, interest);
    connection.interest = interest;
  }

  /** Who asks once is answered before anybody watches it, as a rule, and gains nothing by it. */
  #enterRing(connection: EpollConnection): boolean {
    if (connection.phase === Phase.lingering) return false;
    if (!connection.asked && this.#options.ioUring === 'kept') return false;
    if (!this.#gathering.enter(connection)) return false;
    if (connection.interest !== 0) this.#loop.remove(connection.fd);
    connection.interest = 0;
    return true;
  }

  /** Makes a connection this thread's alone; what has come on it in the meantime is kept behind its `partial`. */
  leaveRing(connection: EpollConnection): void {
    this.#gathering.leave(connection);
  }

  /** Gives a connection so many milliseconds from now. */
  setDeadline(connection: EpollConnection, ms: number): void {
    const deadline = this.#wakeUp.ms + ms;
    const sooner = deadline < connection.deadline;
    connection.deadline = deadline;
    if (sooner || connection.spoke < 0) this.#wheel.place(connection);
  }

  /**
   * Ends those whose time is over, some of them at a time; called every `checkEveryMs` while there are connections.
   * @returns false when there are more, and it is to be called again soon
   */
  tick(): boolean {
    const { table, thread } = this.#options;
    const isDone = this.#wheel.advance(this.#wakeUp.ms, this.#onExpired, mostExpired);
    table.setOldest(thread, this.#order.oldest?.askedAt);
    return isDone;
  }

  /** Ends what other threads have asked this one to end. */
  shedAsked(): void {
    const { table, thread } = this.#options;
    for (let count = table.takeShedRequests(thread); count > 0; count--) if (!this.#shed()) return;
  }

  /** Ends connections that wait for nothing. */
  closeIdle(): void {
    for (const connection of this.#all) if (connection?.phase === Phase.idle) this.close(connection);
  }

  resetAll(): void {
    for (const connection of this.#all) if (connection !== undefined) this.reset(connection);
  }

  close(connection: EpollConnection): void {
    const { fd } = connection;
    this.#gathering.leave(connection);
    if (connection.interest !== 0) this.#loop.forget(fd);
    this.#forget(connection);
    this.#sockets.close(fd);
  }

  reset(connection: EpollConnection): void {
    const { fd } = connection;
    this.#gathering.leave(connection);
    if (connection.interest !== 0) this.#loop.forget(fd);
    this.#forget(connection);
    this.#sockets.reset(fd);
  }

  /** Counts a connection out and leaves its descriptor open, for somebody else. */
  release(connection: EpollConnection): void {
    this.#gathering.leave(connection);
    if (connection.interest !== 0) this.#loop.remove(connection.fd);
    this.#forget(connection);
  }

  /**
   * Lets go of a connection that speaks another protocol from here on: its descriptor is open and the loop is not told of it, and
   * it counts for its address and in all.
   */
  detach(connection: EpollConnection): void {
    this.#gathering.leave(connection);
    if (connection.interest !== 0) this.#loop.remove(connection.fd);
    this.#leave(connection);
  }

  #note(fd: number, place: number, proxied: boolean): EpollConnection {
    const { table, thread, counters, limits, proxyProtocol } = this.#options;
    const { peerFamily: family, peerWords: words } = this.#sockets;
    const connection = this.#unused.pop() ?? new EpollConnection();
    connection.begin(fd, family, words, proxied);
    connection.askedAt = this.#wakeUp.seconds;
    connection.place = place;
    if (proxyProtocol && proxied) connection.phase = Phase.proxyHeader;
    table.add(place);
    table.own(thread, fd, place);
    counters.connectionsOpened++;
    counters.connectionsOpen++;
    this.#all[fd] = connection;
    this.#count++;
    this.#order.add(connection);
    this.setDeadline(connection, limits.headMs);
    return connection;
  }

  /**
   * Ends the connection silent longest, here or in another thread, if that is so many seconds; false when nobody has one that
   * may end.
   */
  makeRoom(leastSilentSeconds = 0): boolean {
    const { table, thread, wake } = this.#options;
    table.setOldest(thread, this.#order.oldest?.askedAt);
    const since = leastSilentSeconds === 0 ? undefined : this.#wakeUp.seconds - leastSilentSeconds;
    const other = table.threadWithOldest(since);
    if (other === nobody) return false;
    if (other === thread) return this.#shed();
    table.askToShed(other);
    wake(other);
    return true;
  }

  #shed(): boolean {
    for (let i = 0; i < candidates; i++) {
      const connection = this.#order.oldest;
      if (connection === undefined) return false;
      if (connection.phase === Phase.sending) {
        this.#order.renew(connection);
        continue;
      }
      this.#options.counters.connectionsShed++;
      this.close(connection);
      return true;
    }
    return false;
  }

  #forget(connection: EpollConnection): void {
    const { fd } = connection;
    const { table } = this.#options;
    table.disown(fd);
    table.remove(connection.place);
    this.#leave(connection);
  }

  #leave(connection: EpollConnection): void {
    const { fd } = connection;
    this.#options.counters.connectionsOpen--;
    this.#count--;
    this.#all[fd] = undefined;
    this.#order.remove(connection);
    this.#wheel.remove(connection);
    connection.end();
    if (this.#unused.length < mostUnused) this.#unused.push(connection);
  }
}
