// Where an address can be reached from: everywhere, within somebody's network, on one machine, or not at all.
//
// Addresses are little-endian words, as an announce carries them: the first byte is the lowest of the first word.

export const Scope = { public: 0, private: 1, loopback: 2, bogon: 3 } as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

/** First bytes of IPv4 addresses that need a closer look, or say all: 10, 127, 0 and 224 upwards. */
const firstBytes = new Uint8Array(256);
for (const byte of [0, 10, 100, 127, 169, 172, 192, 198]) firstBytes[byte] = 1;
firstBytes.fill(1, 224);

export function scopeOf(family: 4 | 6, words: Int32Array, at: number): Scope {
  return family === 4 ? scopeOfIpv4(words[at]) : scopeOfIpv6(words, at);
}

/**
 * Private: RFC 1918, 100.64/10 of carriers, link-local. Bogon: "this network", benchmarks, protocol assignments,
 * multicast and what is reserved. Documentation networks stand for public ones, and nobody else has them.
 */
export function scopeOfIpv4(word: number): Scope {
  if (firstBytes[word & 0xff] === 0) return Scope.public;
  const second = (word >>> 8) & 0xff;
  const third = (word >>> 16) & 0xff;
  switch (word & 0xff) {
    case 10:
      return Scope.private;
    case 127:
      return Scope.loopback;
    case 100:
      return (second & 0xc0) === 64 ? Scope.private : Scope.public;
    case 169:
      return second === 254 ? Scope.private : Scope.public;
    case 172:
      return (second & 0xf0) === 16 ? Scope.private : Scope.public;
    case 192:
      if (second === 168) return Scope.private;
      return second === 0 && third === 0 ? Scope.bogon : Scope.public;
    case 198:
      return (second & 0xfe) === 18 ? Scope.bogon : Scope.public;
    default:
      return Scope.bogon;
  }
}

/** Public is 2000::/3; private are ULA (fc00::/7) and link-local. */
export function scopeOfIpv6(words: Int32Array, at: number): Scope {
  const first = words[at];
  const byte0 = first & 0xff;
  const byte1 = (first >>> 8) & 0xff;
  if ((byte0 & 0xe0) === 0x20) return Scope.public;
  if ((byte0 & 0xfe) === 0xfc) return Scope.private;
  if (byte0 === 0xfe && (byte1 & 0xc0) === 0x80) return Scope.private;
  const isLoopback = first === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1 << 24;
  return isLoopback ? Scope.loopback : Scope.bogon;
}

/** Whether many clients may share such an address, behind a relay or in a test: private and loopback ones. */
export function isLocalScope(scope: Scope): boolean {
  return scope === Scope.private || scope === Scope.loopback;
}

/** 169.254/16 and fe80::/10: private ones that not even a router of the network passes on. */
export function isLinkLocal(family: 4 | 6, words: Int32Array, at: number): boolean {
  const first = words[at];
  return family === 4 ? (first & 0xffff) === 0xfea9 : (first & 0xc0ff) === 0x80fe;
}

/** RFC 5737, RFC 3849 and RFC 9637: networks of examples, public ones to a tracker, but nobody is reached there. */
export function isDocumentation(family: 4 | 6, words: Int32Array, at: number): boolean {
  const first = words[at];
  if (family === 6) return first === (0xb80d0120 | 0) || (first & 0x00f0ffff) === 0x0000ff3f;
  const network = first & 0xffffff;
  return network === 0x0200c0 || network === 0x6433c6 || network === 0x7100cb;
}

/** The IPv4 address in an IPv6 one that only wraps it: ::ffff:0:0/96, 64:ff9b::/96 (NAT64) or 2002::/16 (6to4). */
export function wrappedIpv4(words: Int32Array, at: number): number | undefined {
  const [first, second, third, fourth] = words.subarray(at, at + 4);
  if ((first & 0xffff) === 0x0220) return (first >>> 16) | (second << 16);
  const isMapped = first === 0 && third === (0xffff0000 | 0);
  const isTranslated = first === (0x9bff6400 | 0) && third === 0;
  return second === 0 && (isMapped || isTranslated) ? fourth : undefined;
}
