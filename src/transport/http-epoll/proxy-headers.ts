// The PROXY protocol's header at the beginning of a connection: for whom a proxy asks.
import type { Cidr } from '../../protocol/cidr.ts';
import { encodeIpWords, type IpBytes, unmapIp } from '../../protocol/ip-address.ts';
import { decodeProxyHeader, longestProxyHeader } from '../../protocol/proxy-protocol.ts';
import { includes } from '../client-address.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';

/** More of it has to come; what came is kept. */
export const headerIncomplete = -1;
/** The connection begins with something else. */
export const headerMissing = -2;

export interface ProxyHeadersOptions {
  readonly trustedProxies: readonly Cidr[];
  /** Told of a trusted proxy, by its address, that begins without the header. */
  readonly onBrokenProxyHeader: (ip: IpBytes) => void;
}

export class ProxyHeaders {
  readonly #options: ProxyHeadersOptions;
  readonly #words = new Int32Array(4);

  constructor(options: ProxyHeadersOptions) {
    this.#options = options;
  }

  /** Where the header ends that begins `bytes[0 .. end)`: from there on the connection is the client's. Negative: see above. */
  read(connection: EpollConnection, bytes: Uint8Array, end: number): number {
    const { trustedProxies, onBrokenProxyHeader } = this.#options;
    const header = decodeProxyHeader(bytes, Math.min(end, longestProxyHeader));
    if (header === 'incomplete') {
      connection.keep(bytes, 0, end);
      return headerIncomplete;
    }
    if (header === undefined) {
      const { words, family } = connection;
      onBrokenProxyHeader(new Uint8Array(words.slice(0, family === 4 ? 1 : 4).buffer));
      return headerMissing;
    }
    if (header.source !== undefined) {
      const ip = unmapIp(header.source);
      connection.setAddress(encodeIpWords(ip, this.#words), this.#words);
      connection.proxied = includes(trustedProxies, ip);
    }
    connection.drop();
    connection.phase = Phase.idle;
    return header.length;
  }
}
