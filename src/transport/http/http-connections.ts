// Knows every open HTTP connection, whose it is, and how many there may be: in all, and from one address.
import type { Socket } from 'node:net';
import { descriptorOf } from '../../net/node-handles.ts';
import type { Cidr } from '../../protocol/cidr.ts';
import { type IpBytes, unmapIp } from '../../protocol/ip-address.ts';
import {
  type ClientAddress,
  includes,
  isLocalAddress,
  parseRemoteAddress,
  toClientAddress,
} from '../client-address.ts';
import { ConnectionOrder, type Placed } from './connection-order.ts';
import { type AddressPlace, type Claim, ConnectionTable, nobody, nowhere } from './connection-table.ts';
import type { HttpCounters } from './http-counters.ts';

export interface HttpConnection extends Placed<HttpConnection> {
  readonly socket: Socket;
  /** Its listener's. */
  readonly counters: HttpCounters;
  /** Where it counts for its address. */
  readonly place: AddressPlace;
  /** Its place in the table of all threads. */
  readonly descriptor: number;
  readonly claim: Claim;
  /** Whole seconds of the monotonic clock when its last request came. */
  askedAt: number;
  /** Whether it counts among the open ones. */
  open: boolean;
  /** Whose connection it is. */
  address: ClientAddress;
  /** It comes from a trusted proxy, whose X-Forwarded-For is believed. */
  proxied: boolean;
  /** Answers that are being sent piece by piece. */
  streams: number;
  /** It is a WebSocket's, and HTTP's only in that it counts for its address and in all. */
  detached: boolean;
  /** It has been told off, and whatever it still sends is not read. */
  refused: boolean;
  /** Of the bytes read and written, those that stand in `counters` already. */
  countedIn: number;
  countedOut: number;
}

export interface HttpConnectionsOptions {
  /** In all. */
  readonly max: number;
  /** From one IPv4 address or one IPv6 /64; not for loopback, private and trusted addresses, which many may share. */
  readonly maxPerAddress: number;
  readonly trustedProxies: readonly Cidr[];
  /** Counts the connections of all threads; by default of this one only. */
  readonly table?: ConnectionTable;
  /** This thread's number in the table. */
  readonly thread?: number;
  /** Makes another thread look into the table. */
  readonly wake?: (thread: number) => void;
  /** Whole seconds of the monotonic clock that all threads share. */
  readonly clock?: () => number;
  /** Whether an address asks too often, so that it need not be let in at all; not asked of trusted proxies. */
  readonly isOverLimit?: (address: ClientAddress) => boolean;
}

/** Behind one address of a large carrier or campus are many clients, each with a connection now and then. */
export const defaultMaxPerAddress = 256;

/** Of the connections silent longest, how many are looked at for one that may end. */
const candidates = 16;

/**
 * One for all HTTP and HTTPS listeners, as they share the process's descriptors. When there are as many as there may be,
 * the one that has asked nothing for longest ends: whoever connects to ask does so at once, so those who only hold
 * connections, or dribble into them, make room for whoever comes.
 */
export class HttpConnections {
  readonly trustedProxies: readonly Cidr[];
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #isOverLimit: (address: ClientAddress) => boolean;
  readonly #connections = new WeakMap<object, HttpConnection>();
  readonly #table: ConnectionTable;
  readonly #thread: number;
  readonly #wake: (thread: number) => void;
  readonly #clock: () => number;
  readonly #order = new ConnectionOrder<HttpConnection>();

  constructor(options: HttpConnectionsOptions) {
    this.trustedProxies = options.trustedProxies;
    this.#max = options.max;
    this.#maxPerAddress = options.maxPerAddress;
    this.#isOverLimit = options.isOverLimit ?? (() => false);
    this.#table = options.table ?? ConnectionTable.create(1, 0, crypto.getRandomValues(new Int32Array(2)));
    this.#thread = options.thread ?? 0;
    this.#wake = options.wake ?? (() => {});
    this.#clock = options.clock ?? (() => 0);
  }

  /**
   * Notes a new connection and returns its record, or resets it when there are too many; `counters` are its
   * listener's.
   */
  admit(socket: Socket, counters: HttpCounters): HttpConnection | undefined {
    const ip = parseRemoteAddress(socket.remoteAddress);
    const proxied = ip !== undefined && includes(this.trustedProxies, ip);
    // Without an address the other end has gone already.
    if (ip === undefined) {
      counters.connectionsRefused++;
      socket.resetAndDestroy();
      return undefined;
    }
    const address = toClientAddress(ip);
    const place =
      proxied || isLocalAddress(address) ? nowhere : this.#table.placeOf(address.family, address.words);
    if (place !== nowhere && this.#table.countAt(place) >= this.#maxPerAddress) {
      counters.connectionsRefused++;
      socket.resetAndDestroy();
      return undefined;
    }
    if (!proxied && this.#isOverLimit(address)) {
      counters.connectionsRateLimited++;
      socket.resetAndDestroy();
      return undefined;
    }
    // Last: who is refused in any case must not push out somebody.
    if (this.#table.open >= this.#max && !this.#makeRoom()) {
      counters.connectionsRefused++;
      socket.resetAndDestroy();
      return undefined;
    }
    counters.connectionsOpened++;
    return this.#note(socket, counters, place, address, proxied);
  }

  /**
   * The same for one that another thread has admitted and counted as opened, and that is `address`'s: it is not turned
   * away.
   */
  take(socket: Socket, counters: HttpCounters, address: ClientAddress, proxied: boolean): HttpConnection {
    const place =
      proxied || isLocalAddress(address) ? nowhere : this.#table.placeOf(address.family, address.words);
    return this.#note(socket, counters, place, address, proxied);
  }

  #note(
    socket: Socket,
    counters: HttpCounters,
    place: AddressPlace,
    address: ClientAddress,
    proxied: boolean,
  ): HttpConnection {
    this.#table.add(place);
    counters.connectionsOpen++;
    const descriptor = descriptorOf(socket);
    const connection: HttpConnection = {
      socket,
      counters,
      place,
      descriptor,
      claim: this.#table.claim(this.#thread, descriptor, place),
      askedAt: this.#clock(),
      open: true,
      address,
      proxied,
      streams: 0,
      detached: false,
      refused: false,
      countedIn: 0,
      countedOut: 0,
      older: undefined,
      newer: undefined,
    };
    this.#connections.set(socket, connection);
    this.#order.add(connection);
    this.#tellOldest();
    socket.once('close', () => {
      if (!connection.detached) countBytes(connection);
      this.#forget(connection);
    });
    return connection;
  }

  /** A whole request has come on it. */
  renew(connection: HttpConnection): void {
    if (!connection.open || connection.detached) return;
    connection.askedAt = this.#clock();
    countBytes(connection);
    this.#order.renew(connection);
    this.#tellOldest();
  }

  /** It speaks another protocol from here on, and does not end to make room for others. */
  detach(connection: HttpConnection): void {
    if (!connection.open) return;
    countBytes(connection);
    this.#leave(connection);
    connection.detached = true;
  }

  /** A trusted proxy says that the connection is really `source`'s, who may be a trusted proxy too. */
  reassign(connection: HttpConnection, source: IpBytes): void {
    const ip = unmapIp(source);
    connection.address = toClientAddress(ip);
    connection.proxied = includes(this.trustedProxies, ip);
  }

  /** From now on `secured`, the TLS over an admitted connection, stands for it. */
  adopt(secured: object, socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#connections.set(secured, connection);
  }

  /** The record of an open connection; undefined for one that was not admitted. */
  get(socket: object): HttpConnection | undefined {
    return this.#connections.get(socket);
  }

  /** Ends what other threads have asked this one to end. */
  wake(): void {
    for (let count = this.#table.takeShedRequests(this.#thread); count > 0; count--) if (!this.#shed()) break;
  }

  #tellOldest(): void {
    this.#table.setOldest(this.#thread, this.#order.oldest?.askedAt);
  }

  /** Ends the connection silent longest, here or in another thread; false when nobody has one that may end. */
  #makeRoom(): boolean {
    const other = this.#table.threadWithOldest();
    if (other === nobody) return false;
    if (other === this.#thread) return this.#shed();
    this.#table.askToShed(other);
    this.#wake(other);
    return true;
  }

  /** Ends the connection that has been silent longest; false when those are all being sent long answers. */
  #shed(): boolean {
    for (let i = 0; i < candidates; i++) {
      const connection = this.#order.oldest;
      if (connection === undefined) return false;
      if (connection.streams > 0) {
        this.#order.renew(connection);
        continue;
      }
      connection.counters.connectionsShed++;
      // Its descriptor is free at once, its `close` comes later.
      this.#forget(connection);
      connection.socket.destroy();
      return true;
    }
    return false;
  }

  /** It is HTTP's no more. */
  #leave(connection: HttpConnection): void {
    this.#order.remove(connection);
    this.#tellOldest();
    connection.counters.connectionsOpen--;
  }

  #forget(connection: HttpConnection): void {
    if (!connection.open) return;
    connection.open = false;
    if (!connection.detached) this.#leave(connection);
    this.#table.release(connection.descriptor, connection.claim, connection.place);
  }
}

/** As they come and go: a connection that is kept for days must not come into the figures all at once. */
function countBytes(connection: HttpConnection): void {
  const { socket, counters } = connection;
  const { bytesRead, bytesWritten } = socket;
  counters.bytesIn += bytesRead - connection.countedIn;
  counters.bytesOut += bytesWritten - connection.countedOut;
  connection.countedIn = bytesRead;
  connection.countedOut = bytesWritten;
}
