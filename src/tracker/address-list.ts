// A list of networks that every thread looks addresses up in without locks: sorted ranges, replaced whole.
//
//   header: number of IPv4 ranges, of IPv6 ranges | IPv4: first, last | IPv6: first (4 words), last (4 words)
//
// Numbers are unsigned and in reading order, so they compare as addresses do. Networks within others are left out, so
// ranges are disjoint and a binary search finds the one that matters.

import type { Cidr } from '../protocol/cidr.ts';
import type { IpBytes } from '../protocol/ip-address.ts';
import { AddressRanges, compare } from './address-ranges.ts';

const headerAt = { count4: 0, count6: 1, size: 2 } as const;
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
    this.#count4 = this.#words[headerAt.count4];
    this.#count6 = this.#words[headerAt.count6];
    this.#first6 = headerAt.size + this.#count4 * rangeWords4;
  }

  /** How many ranges there are. */
  get count(): number {
    return this.#count4 + this.#count6;
  }

  /** Whether the address of 1 or 4 little-endian words lies in one of the networks. */
  has(family: 4 | 6, address: Int32Array, at: number): boolean {
    return this.#rangeOf(family, address, at) >= 0;
  }

  /** Whether the whole network lies in one of the networks. */
  includes({ network, bits }: Cidr): boolean {
    const family = network.length === 4 ? 4 : 6;
    const last = network.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, bits - i * 8))));
    const range = this.#rangeOf(family, wordsOf(network), 0);
    return range >= 0 && range === this.#rangeOf(family, wordsOf(last), 0);
  }

  /** Where the range begins that holds the address; -1 when there is none. */
  #rangeOf(family: 4 | 6, address: Int32Array, at: number): number {
    const size = family === 4 ? 1 : 4;
    for (let i = 0; i < size; i++) this.#address[i] = swapped(address[at + i]);
    const base = family === 4 ? headerAt.size : this.#first6;
    // The last range that begins at or before the address.
    let low = 0;
    let high = family === 4 ? this.#count4 : this.#count6;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#words, base + middle * 2 * size, this.#address, 0, size) <= 0) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return -1;
    const range = base + (low - 1) * 2 * size;
    return compare(this.#words, range + size, this.#address, 0, size) >= 0 ? range : -1;
  }

  /** At once; for more than thousands there is `AddressListBuilder`. */
  static create(networks: readonly Cidr[]): AddressList {
    const builder = new AddressListBuilder();
    for (const network of networks) builder.add(network);
    const steps = builder.build();
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }
}

/** Makes a list of however many networks, in steps of about a millisecond and without an object for each. */
export class AddressListBuilder {
  readonly #ranges4 = new AddressRanges(rangeWords4 / 2);
  readonly #ranges6 = new AddressRanges(rangeWords6 / 2);

  add({ network, bits }: Cidr): void {
    (network.length === 4 ? this.#ranges4 : this.#ranges6).add(network, bits);
  }

  /** Yields between two steps; the caller does other things meanwhile, but adds nothing. */
  *build(): Generator<undefined, AddressList> {
    const ranges4 = yield* this.#ranges4.disjoint();
    const ranges6 = yield* this.#ranges6.disjoint();
    const buffer = new SharedArrayBuffer((headerAt.size + ranges4.length + ranges6.length) * 4);
    const words = new Uint32Array(buffer);
    words[headerAt.count4] = ranges4.length / rangeWords4;
    words[headerAt.count6] = ranges6.length / rangeWords6;
    words.set(ranges4, headerAt.size);
    words.set(ranges6, headerAt.size + ranges4.length);
    return new AddressList(buffer);
  }
}

function wordsOf(bytes: IpBytes): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
