// As whose a request counts at the door: an IPv4 address or an IPv6 /64, which one subscriber has at the least.

import { formatIp, parseIp, unmapIp } from '../../protocol/ip-address.ts';

/** One text for each network; empty for what is no address, such as the other end of a UNIX socket. */
export function clientNetwork(remoteAddress: string | undefined): string {
  const ip = remoteAddress === undefined ? undefined : parseIp(remoteAddress.split('%')[0]!);
  if (ip === undefined) return '';
  const address = unmapIp(ip);
  return address.length === 4 ? formatIp(address) : formatIp(address.slice().fill(0, 8));
}
