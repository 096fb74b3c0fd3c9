// Counting how often pairs of 32-bit numbers occur, in one pass and in memory of fixed size (lossy counting).

/** Words of a slot; a count of 0 is an empty one. */
const pair = { first: 0, second: 1, count: 2, size: 3 } as const;

/** A hash table in typed arrays: several times as fast as a Map for the millions of peers of a survey. */
export class PairTally {
  #slots: Int32Array;
  readonly #mask: number;
  readonly #room: number;
  #used = 0;
  /** No count is too low by more than this. */
  error = 0;

  /** Has room for `room` pairs; beyond that the rarest are forgotten, so that counts may be too low by `error`. */
  constructor(room: number) {
    const slots = 2 ** Math.ceil(Math.log2(room * 1.5));
    this.#room = room;
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots * pair.size);
  }

  add(first: number, second: number): void {
    const slots = this.#slots;
    let at = this.#find(first, second);
    if (slots[at + pair.count] === 0) {
      if (this.#used >= this.#room) {
        this.#makeRoom();
        at = this.#find(first, second);
      }
      this.#used++;
      this.#slots[at + pair.first] = first;
      this.#slots[at + pair.second] = second;
    }
    this.#slots[at + pair.count]++;
  }

  /** Every pair and its count, in no order. */
  *pairs(): Generator<[first: number, second: number, count: number]> {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += pair.size) {
      if (slots[at + pair.count] !== 0)
        yield [slots[at + pair.first], slots[at + pair.second], slots[at + pair.count]];
    }
  }

  /** The slot of a pair, or the empty one where it would stand. Both numbers as int32. */
  #find(first: number, second: number): number {
    const slots = this.#slots;
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * pair.size;
      if (
        slots[at + pair.count] === 0 ||
        (slots[at + pair.first] === first && slots[at + pair.second] === second)
      )
        return at;
    }
  }

  /** Forgets the rarest until half of the room is free. */
  #makeRoom(): void {
    while (this.#used > this.#room / 2) {
      this.error++;
      const old = this.#slots;
      this.#slots = new Int32Array(old.length);
      this.#used = 0;
      for (let from = 0; from < old.length; from += pair.size) {
        const count = old[from + pair.count];
        if (count <= this.error) continue;
        const at = this.#find(old[from + pair.first], old[from + pair.second]);
        this.#slots[at + pair.first] = old[from + pair.first];
        this.#slots[at + pair.second] = old[from + pair.second];
        this.#slots[at + pair.count] = count;
        this.#used++;
      }
    }
  }
}
