// Which networks have the most peers: which peers' addresses belong to which, and how networks are written.

import { formatIp } from '../../protocol/ip-address.ts';
import { PairTally } from './pair-tally.ts';

export interface NetworkShare {
  /** In CIDR notation. */
  network: string;
  peers: number;
}

/** Counts the networks of one family. */
export class NetworkTally {
  readonly #pairs = new PairTally(50_000);

  /** No count is too low by more than this. */
  get error(): number {
    return this.#pairs.error;
  }

  /** A network as network24 or network48 writes it. */
  add(network: number): void {
    // 24 bits each, so that both halves of an IPv6 network are small integers.
    this.#pairs.add(Math.floor(network / 2 ** 24), network % 2 ** 24);
  }

  /** The largest first. */
  top(count: number): [network: number, peers: number][] {
    return [...this.#pairs.pairs()]
      .sort(([, , a], [, , b]) => b - a)
      .slice(0, count)
      .map(([high, low, peers]) => [high * 2 ** 24 + low, peers]);
  }
}

/** The /24 of an IPv4 address given as one little-endian word of its wire bytes. */
export function network24(word: number): number {
  return ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff);
}

/** The /48 of an IPv6 address given as the first two little-endian words of its wire bytes. */
export function network48(word0: number, word1: number): number {
  const high = (word0 & 0xff) * 2 ** 24 + (((word0 >>> 8) & 0xff) << 16) + (((word0 >>> 16) & 0xff) << 8);
  return (high + (word0 >>> 24)) * 0x10000 + (((word1 & 0xff) << 8) | ((word1 >>> 8) & 0xff));
}

/** `a.b.c.0/24`, or its /16 when `bits` is 16. */
export function formatNetwork4(network: number, bits: 16 | 24): string {
  const bytes = Uint8Array.of(network >>> 16, network >>> 8, bits === 24 ? network : 0, 0);
  return `${formatIp(bytes)}/${bits}`;
}

/** `x:y:z::/48`, or its /32 when `bits` is 32. */
export function formatNetwork6(network: number, bits: 32 | 48): string {
  const bytes = new Uint8Array(16);
  for (let i = 5, rest = network; i >= 0; i--, rest = Math.floor(rest / 256)) {
    bytes[i] = i * 8 < bits ? rest % 256 : 0;
  }
  return `${formatIp(bytes)}/${bits}`;
}
