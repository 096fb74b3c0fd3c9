/** Knows networks written as `address/bits` and whether an address lies in one. */
import { formatIp, type IpBytes, parseIp, unmapIp } from './ip-address.ts';

export interface Cidr {
  /** The first address of the network. */
  readonly network: IpBytes;
  /** How many leading bits count: 0 to 32 or 128. */
  readonly bits: number;
}

/**
 * The network that `text` names, or undefined. A lone address is a network of one; bits behind the prefix are cleared;
 * `::ffff:a.b.c.d/96+n` is the IPv4 network `a.b.c.d/n`.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = slash < 0 ? address.length * 8 : parseBits(text.slice(slash + 1));
  if (bits === undefined || bits > address.length * 8) return undefined;
  const unmapped = unmapIp(address);
  if (unmapped.length < address.length && bits >= 96)
    return { network: masked(unmapped, bits - 96), bits: bits - 96 };
  return { network: masked(address, bits), bits };
}

/** As `parseCidr` reads it. */
export function formatCidr({ network, bits }: Cidr): string {
  return `${formatIp(network)}/${bits}`;
}

function parseBits(text: string): number | undefined {
  return /^(0|[1-9][0-9]{0,2})$/.test(text) ? Number(text) : undefined;
}

function masked(address: IpBytes, bits: number): IpBytes {
  return address.map((byte, i) => byte & maskOf(bits - i * 8));
}

/** The mask of a byte of which the first `bits` bits count. */
function maskOf(bits: number): number {
  if (bits >= 8) return 0xff;
  return bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff;
}

/** Whether `address` lies in the network; `::ffff:a.b.c.d` is the IPv4 address a.b.c.d. */
export function cidrIncludes(cidr: Cidr, address: IpBytes): boolean {
  const bytes = unmapIp(address);
  if (bytes.length !== cidr.network.length) return false;
  for (let i = 0; i * 8 < cidr.bits; i++) {
    if ((bytes[i] & maskOf(cidr.bits - i * 8)) !== cidr.network[i]) return false;
  }
  return true;
}
