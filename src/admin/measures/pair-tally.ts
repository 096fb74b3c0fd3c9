// Counting how often pairs of 32-bit numbers occur, in one pass and in memory of fixed size (lossy counting).

/** A hash table in typed arrays: several times as fast as a Map for the millions of peers of a survey. */
export class PairTally {
  /** First, second, count; a count of 0 is an empty slot. */
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
    this.#slots = new Int32Array(slots * 3);
  }

  add(first: number, second: number): void {
    const slots = this.#slots;
    let at = this.#find(first, second);
    if (slots[at + 2] === 0) {
      if (this.#used >= this.#room) {
        this.#makeRoom();
        at = this.#find(first, second);
      }
      this.#used++;
      this.#slots[at] = first;
      this.#slots[at + 1] = second;
    }
    this.#slots[at + 2]++;
  }

  /** Every pair and its count, in no order. */
  *entries(): Generator<[first: number, second: number, count: number]> {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 3) {
      if (slots[at + 2] !== 0) yield [slots[at], slots[at + 1], slots[at + 2]];
    }
  }

  /** The slot of a pair, or the empty one where it would stand. Both numbers as int32. */
  #find(first: number, second: number): number {
    const slots = this.#slots;
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      if (slots[at + 2] === 0 || (slots[at] === first && slots[at + 1] === second)) return at;
    }
  }

  /** Forgets the rarest until half of the room is free. */
  #makeRoom(): void {
    while (this.#used > this.#room / 2) {
      this.error++;
      const old = this.#slots;
      this.#slots = new Int32Array(old.length);
      this.#used = 0;
      for (let from = 0; from < old.length; from += 3) {
        const count = old[from + 2];
        if (count <= this.error) continue;
        const at = this.#find(old[from], old[from + 1]);
        this.#slots[at] = old[from];
        this.#slots[at + 1] = old[from + 1];
        this.#slots[at + 2] = count;
        this.#used++;
      }
    }
  }
}
