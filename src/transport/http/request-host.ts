// Knows by which name a client called the tracker, as far as a Host field can be believed to be a name.
import { isIPv4, isIPv6 } from 'node:net';

const longestName = 253;
/** Underscores are no part of host names, and yet in use. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The name in a Host field, without its port: a host name in lower case, an IPv4 address, or an IPv6 address in
 * brackets. Undefined for anything else, so that what is returned needs no escaping and cannot be taken for more than
 * a name.
 */
export function parseRequestHost(field: string | undefined): string | undefined {
  if (field === undefined || field.length > longestName + ':65535'.length) return undefined;
  const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/.exec(field.toLowerCase()) ?? [];
  if (name === undefined || Number(port ?? 0) > 65_535) return undefined;
  return isHostName(name) || isIPv4(name) || isBracketedIpv6(name) ? name : undefined;
}

function isHostName(name: string): boolean {
  const labels = name.split('.');
  // What ends in a number would be read as an address.
  const last = labels.at(-1)!;
  return name.length <= longestName && !/^[0-9]+$/.test(last) && labels.every((one) => label.test(one));
}

function isBracketedIpv6(name: string): boolean {
  return name.startsWith('[') && !name.includes('%') && isIPv6(name.slice(1, -1));
}
