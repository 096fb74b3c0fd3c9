// Addresses for benchmarks without a network: spread like real ones, and public, since others are kept apart.

/** The word of peer number `peer`'s IPv4 address, 11.0.0.0 to 74.255.255.255. */
export function publicAddress(peer: number): number {
  const spread = Math.imul(peer, 0x27d4eb2f);
  return (spread & ~0xff) | (11 + (spread & 63));
}
