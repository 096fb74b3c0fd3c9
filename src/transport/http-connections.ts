// Knows every open HTTP connection, whose it is, and how many there may be: in all, and from one address.
import type { Socket } from 'node:net';
import type { Cidr } from '../protocol/cidr.ts';
import { formatIp, type IpBytes, unmapIp } from '../protocol/ip-address.ts';
import {
  type ClientAddress,
  includes,
  isLocal,
  parseRemoteAddress,
  toClientAddress,
} from './client-address.ts';
import type { HttpCounters } from './http-counters.ts';

export interface HttpConnection {
  /** Whose connection it is. */
  address: ClientAddress;
  /** It comes from a trusted proxy, whose X-Forwarded-For is believed. */
  proxied: boolean;
  /** Answers that are being sent piece by piece. */
  streams: number;
  /** It has been told off, and whatever it still sends is not read. */
  refused: boolean;
}

export interface HttpConnectionsOptions {
  /** In all. */
  readonly max: number;
  /** From one IPv4 address or one IPv6 /64; not for loopback, private and trusted addresses, which many may share. */
  readonly maxPerAddress: number;
  readonly trustedProxies: readonly Cidr[];
  /** Whether an address asks too often, so that it need not be let in at all; not asked of trusted proxies. */
  readonly isOverLimit?: (address: ClientAddress) => boolean;
}

/** Behind one address of a large carrier or campus are many clients, each with a connection now and then. */
export const defaultMaxPerAddress = 256;

/** One for all HTTP and HTTPS listeners, as they share the process's descriptors. */
export class HttpConnections {
  readonly trustedProxies: readonly Cidr[];
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #isOverLimit: (address: ClientAddress) => boolean;
  readonly #connections = new WeakMap<object, HttpConnection>();
  readonly #perAddress = new Map<string, number>();
  #open = 0;

  constructor(options: HttpConnectionsOptions) {
    this.trustedProxies = options.trustedProxies;
    this.#max = options.max;
    this.#maxPerAddress = options.maxPerAddress;
    this.#isOverLimit = options.isOverLimit ?? (() => false);
  }

  /**
   * Notes a new connection and returns its record, or resets it when there are too many; `counters` are its
   * listener's.
   */
  admit(socket: Socket, counters: HttpCounters): HttpConnection | undefined {
    const ip = parseRemoteAddress(socket.remoteAddress);
    // Without an address the other end has gone already.
    const proxied = ip !== undefined && includes(this.trustedProxies, ip);
    const key = ip === undefined || proxied || isLocal(ip) ? undefined : keyOf(ip);
    if (ip === undefined || this.#open >= this.#max || !this.#hasRoom(key)) {
      counters.connectionsRefused++;
      socket.resetAndDestroy();
      return undefined;
    }
    const address = toClientAddress(ip);
    if (!proxied && this.#isOverLimit(address)) {
      counters.connectionsRateLimited++;
      socket.resetAndDestroy();
      return undefined;
    }
    this.#open++;
    counters.connectionsOpened++;
    counters.connectionsOpen++;
    if (key !== undefined) this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1);
    const connection = { address, proxied, streams: 0, refused: false };
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#open--;
      counters.connectionsOpen--;
      this.#forget(key);
    });
    return connection;
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

  #hasRoom(key: string | undefined): boolean {
    return key === undefined || (this.#perAddress.get(key) ?? 0) < this.#maxPerAddress;
  }

  #forget(key: string | undefined): void {
    if (key === undefined) return;
    const left = this.#perAddress.get(key)! - 1;
    if (left === 0) this.#perAddress.delete(key);
    else this.#perAddress.set(key, left);
  }
}

/** One IPv6 subscriber has a /64 at least. */
function keyOf(ip: IpBytes): string {
  return formatIp(ip.length === 4 ? ip : ip.slice().fill(0, 8));
}
