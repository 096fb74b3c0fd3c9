// Which networks have the most peers, found in one pass with bounded memory (lossy counting).

import { formatIp } from '../protocol/ip-address.ts';

export interface NetworkShare {
  /** In CIDR notation. */
  network: string;
  peers: number;
}

/**
 * Counts a key per peer. When more different keys have come than there is room for, the smallest counts are forgotten,
 * so that a count may be too low by up to `error`; the big ones, which are what is asked for, stay.
 */
export class NetworkTally {
  readonly #counts = new Map<number, number>();
  readonly #room: number;
  /** No count is too low by more than this. */
  error = 0;

  constructor(room = 50_000) {
    this.#room = room;
  }

  /** A network as a whole number below 2^48. */
  add(network: number): void {
    const count = this.#counts.get(network);
    if (count !== undefined) {
      this.#counts.set(network, count + 1);
      return;
    }
    if (this.#counts.size >= this.#room) this.#makeRoom();
    this.#counts.set(network, 1);
  }

  /** The largest first. */
  top(count: number): [network: number, peers: number][] {
    return [...this.#counts].sort(([, a], [, b]) => b - a).slice(0, count);
  }

  #makeRoom(): void {
    while (this.#counts.size > this.#room / 2) {
      this.error++;
      for (const [network, count] of this.#counts) {
        if (count <= this.error) this.#counts.delete(network);
      }
    }
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
