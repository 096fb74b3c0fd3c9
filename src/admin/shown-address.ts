// How much of an IP address anyone gets to see: `--log-ip`.

import { formatIp, parseIp } from '../protocol/ip-address.ts';

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
