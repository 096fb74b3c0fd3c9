// Knows from which address a request counts as coming: the connection's, or what a trusted proxy says of it.
import { isLocalScope, scopeOf } from '../protocol/address-scope.ts';
import { type Cidr, cidrIncludes } from '../protocol/cidr.ts';
import { encodeIpWords, type IpBytes, parseIp, unmapIp } from '../protocol/ip-address.ts';

/** An address as an announce carries it. */
export interface ClientAddress {
  /** 1 or 4 little-endian words. */
  readonly words: Int32Array;
  readonly family: 4 | 6;
}

/** The address of a connection's other end as Node spells it (with a zone for link-local ones), or undefined. */
export function parseRemoteAddress(text: string | undefined): IpBytes | undefined {
  if (text === undefined) return undefined;
  const zone = text.indexOf('%');
  const ip = parseIp(zone < 0 ? text : text.slice(0, zone));
  return ip && unmapIp(ip);
}

export function toClientAddress(ip: IpBytes): ClientAddress {
  const words = new Int32Array(4);
  return { words, family: encodeIpWords(ip, words) };
}

/** Whether `ip` lies in one of the networks. */
export function includes(networks: readonly Cidr[], ip: IpBytes): boolean {
  return networks.some((network) => cidrIncludes(network, ip));
}

/**
 * The client behind trusted proxies, from what they wrote into X-Forwarded-For: read from the right, past trusted hops,
 * to the first other address; the left-most when all are trusted. An item may carry a port, as some gateways write it.
 * Undefined when an item on that way is no address.
 */
export function parseForwardedFor(header: string, trusted: readonly Cidr[]): IpBytes | undefined {
  const hops = header.split(',');
  for (let i = hops.length - 1; ; i--) {
    const ip = parseIp(withoutPort(hops[i].trim()));
    if (ip === undefined) return undefined;
    const hop = unmapIp(ip);
    if (i === 0 || !includes(trusted, hop)) return hop;
  }
}

/** `a.b.c.d:port`, `[v6]:port` and `[v6]` without what is not the address; anything else as it is. */
function withoutPort(hop: string): string {
  // No address with a port is longer.
  if (hop.length > 53) return hop;
  const match = /^(?:([0-9.]+)|\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\])(?::([0-9]{1,5}))?$/.exec(hop);
  if (match === null || Number(match[3] ?? 0) > 65_535) return hop;
  return match[1] ?? match[2];
}

/** Whether many clients may share it, as protocol/address-scope.ts knows it. */
export function isLocal(ip: IpBytes): boolean {
  return isLocalAddress(toClientAddress(ip));
}

/** The same of an address that is there in words. */
export function isLocalAddress({ family, words }: ClientAddress): boolean {
  return isLocalScope(scopeOf(family, words, 0));
}
