// How much of an IP address matters: as whose a request counts, and what anyone gets to see (`--log-ip`).

import { formatEndpoint, formatIp, parseIp, unmapIp } from '../protocol/ip-address.ts';

export type IpVisibility = 'full' | 'truncated' | 'off';

/** The address as text: whole, as its /24 or /48, or undefined for not at all. */
export function formatShownIp(bytes: Uint8Array, visibility: IpVisibility): string | undefined {
  if (visibility === 'off') return undefined;
  if (visibility === 'full') return formatIp(bytes);
  const kept = bytes.length === 4 ? 3 : 6;
  return `${formatIp(bytes.slice().fill(0, kept))}/${kept * 8}`;
}

/** The same for an address in text, as sockets give it; what is no address is not shown. */
export function showIp(text: string | undefined, visibility: IpVisibility): string {
  const bytes = text === undefined ? undefined : parseIp(text);
  return (bytes && formatShownIp(bytes, visibility)) ?? '-';
}

/** `192.0.2.1:6881` whole, `192.0.2.0/24 port 6881` truncated, `port 6881` when no address is shown. */
export function formatShownEndpoint(bytes: Uint8Array, port: number, visibility: IpVisibility): string {
  if (visibility === 'full') return formatEndpoint(bytes, port);
  const address = formatShownIp(bytes, visibility);
  return address === undefined ? `port ${port}` : `${address} port ${port}`;
}

/**
 * As whose a request at the door counts: an IPv4 address or an IPv6 /64, which one subscriber has at the least; empty
 * for what is no address, such as the other end of a UNIX socket.
 */
export function clientNetwork(remoteAddress: string | undefined): string {
  const ip = remoteAddress === undefined ? undefined : parseIp(remoteAddress.split('%')[0]);
  if (ip === undefined) return '';
  const address = unmapIp(ip);
  return address.length === 4 ? formatIp(address) : formatIp(address.slice().fill(0, 8));
}
