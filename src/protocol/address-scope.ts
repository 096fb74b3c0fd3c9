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
