// Puts into words where an address can be reached from; which networks those are is known to protocol/address-scope.ts.
import {
  isDocumentation,
  isLinkLocal,
  Scope,
  scopeOf as scopeOfWords,
  wrappedIpv4,
} from '../../protocol/address-scope.ts';
import { encodeIpWords, parseIp } from '../../protocol/ip-address.ts';

export type AddressScope = 'public' | 'loopback' | 'link-local' | 'private' | 'reserved';

const names: Record<Scope, AddressScope> = {
  [Scope.public]: 'public',
  [Scope.private]: 'private',
  [Scope.loopback]: 'loopback',
  [Scope.bogon]: 'reserved',
};

/** The scope of an IP literal; a zone (`%eth0`) is ignored. What is no literal is reserved: nobody is reached there. */
export function scopeOf(address: string): AddressScope {
  const bytes = parseIp(address.split('%')[0]);
  if (!bytes) return 'reserved';
  const words = new Int32Array(4);
  let family = encodeIpWords(bytes, words, 0);
  // A form of IPv6 that only wraps an IPv4 address is judged by what it wraps, or it would be a way round the rule.
  const wrapped = family === 6 ? wrappedIpv4(words, 0) : undefined;
  if (wrapped !== undefined) {
    words[0] = wrapped;
    family = 4;
  }
  if (isLinkLocal(family, words, 0)) return 'link-local';
  return isDocumentation(family, words, 0) ? 'reserved' : names[scopeOfWords(family, words, 0)];
}
