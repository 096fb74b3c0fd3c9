// A list of networks that every thread looks addresses up in without locks: sorted ranges, replaced whole.
//
//   header: number of IPv4 ranges, of IPv6 ranges | IPv4: first, last | IPv6: first (4 words), last (4 words)
//
// Numbers are unsigned and in reading order, so they compare as addresses do. Networks within others are left out, so
// ranges are disjoint and a binary search finds the one that matters.

import type { Cidr } from '../protocol/cidr.ts';

const headerWords = 2;
const rangeWords4 = 2;
const rangeWords6 = 8;

export class AddressList {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Uint32Array;
  readonly #count4: number;
  readonly #count6: number;
  readonly #first6: number;
  readonly #address = new Uint32Array(4);

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Uint32Array(buffer);
    this.#count4 = this.#words[0]!;
    this.#count6 = this.#words[1]!;
    this.#first6 = headerWords + this.#count4 * rangeWords4;
  }

  /** How many ranges there are. */
  get count(): number {
    return this.#count4 + this.#count6;
  }

  /** Whether the address of 1 or 4 little-endian words lies in one of the networks. */
  has(family: 4 | 6, address: Int32Array, at: number): boolean {
    const size = family === 4 ? 1 : 4;
    for (let i = 0; i < size; i++) this.#address[i] = swapped(address[at + i]!);
    const base = family === 4 ? headerWords : this.#first6;
    // The last range that begins at or before the address.
    let low = 0;
    let high = family === 4 ? this.#count4 : this.#count6;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#words, base + middle * 2 * size, this.#address, 0, size) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compare(this.#words, base + (low - 1) * 2 * size + size, this.#address, 0, size) >= 0;
  }

  static create(networks: readonly Cidr[]): AddressList {
    const ranges4 = rangesOf(networks.filter(({ network }) => network.length === 4));
    const ranges6 = rangesOf(networks.filter(({ network }) => network.length === 16));
    const size = headerWords + ranges4.length * rangeWords4 + ranges6.length * rangeWords6;
    const buffer = new SharedArrayBuffer(size * 4);
    const words = new Uint32Array(buffer);
    words[0] = ranges4.length;
    words[1] = ranges6.length;
    let to = headerWords;
    for (const range of [...ranges4, ...ranges6]) {
      words.set(range, to);
      to += range.length;
    }
    return new AddressList(buffer);
  }
}

/** First and last address of each network, sorted, without those that lie in another one. */
function rangesOf(networks: readonly Cidr[]): Uint32Array[] {
  const ranges = networks.map(rangeOf).sort((a, b) => {
    const size = a.length / 2;
    return compare(a, 0, b, 0, size) || compare(b, size, a, size, size);
  });
  const kept: Uint32Array[] = [];
  for (const range of ranges) {
    const size = range.length / 2;
    const last = kept.at(-1);
    if (last === undefined || compare(range, 0, last, size, size) > 0) kept.push(range);
  }
  return kept;
}

function rangeOf({ network, bits }: Cidr): Uint32Array {
  const size = network.length / 4;
  const range = new Uint32Array(2 * size);
  for (let i = 0; i < size; i++) {
    const at = i * 4;
    const word = (network[at]! << 24) | (network[at + 1]! << 16) | (network[at + 2]! << 8) | network[at + 3]!;
    const fixed = Math.min(32, Math.max(0, bits - i * 32));
    range[i] = word;
    range[size + i] = fixed === 32 ? word : word | (0xffffffff >>> fixed);
  }
  return range;
}

function compare(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, size: number): number {
  for (let i = 0; i < size; i++) {
    const left = a[aAt + i]!;
    const right = b[bAt + i]!;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
