// How much of an IP address anyone gets to see: `--log-ip`.

import { formatEndpoint, formatIp, parseIp } from '../protocol/ip-address.ts';

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
