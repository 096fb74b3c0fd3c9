// How an address and a port are written for the kernel (sockaddr_in, sockaddr_in6) and as text.
import { isIPv4, isIPv6 } from 'node:net';
import { AF_INET, AF_INET6, sockaddrIn, sockaddrIn6 } from './layouts.ts';

export type Family = 4 | 6;

/** 4 or 6, or undefined when the text is no IP address literal. A scope (`fe80::1%eth0`) is not accepted. */
export function familyOf(address: string): Family | undefined {
  if (isIPv4(address)) return 4;
  return isIPv6(address) && !address.includes('%') ? 6 : undefined;
}

/** Writes the sockaddr of an IP literal to the start of `bytes` and returns its length. Throws on other text. */
export function encodeSocketAddress(bytes: Uint8Array, address: string, port: number): number {
  const family = familyOf(address);
  if (!family) throw new RangeError(`not an IPv4 or IPv6 address: ${address}`);
  const layout = family === 4 ? sockaddrIn : sockaddrIn6;
  bytes.fill(0, 0, layout.size);
  bytes[layout.family] = family === 4 ? AF_INET : AF_INET6;
  bytes[layout.port] = port >> 8;
  bytes[layout.port + 1] = port & 0xff;
  bytes.set(family === 4 ? parseIpv4(address) : parseIpv6(address), layout.address);
  return layout.size;
}

/** The port in a sockaddr of either family. */
export function decodePort(bytes: Uint8Array, at = 0): number {
  return (bytes[at + sockaddrIn.port] << 8) | bytes[at + sockaddrIn.port + 1];
}

function parseIpv4(text: string): number[] {
  return text.split('.').map(Number);
}

// The text has passed `isIPv6`, so only its three spellings remain: `::`, an IPv4 tail, plain groups.
function parseIpv6(text: string): number[] {
  const [head, tail] = text.split('::').map(parseGroups);
  if (!tail) return head;
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return parseIpv4(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** `192.0.2.1:6969`, `[2001:db8::1]:6969`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
