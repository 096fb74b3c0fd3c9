// Which offers may still be answered: each once, for a while, by the connection that it went to.
//
// A table of sets of eight rows, each 64 bits that stand for one offer on its way to one connection, and until when.
// The bits are a keyed hash of (info_hash, offerer's peer_id, offer_id, the connection it went to), so nobody can guess
// or aim; a table that can grow no more forgets the offer that would end first of those in the set.

/** `until`: from this second on the offer is over; 0 in a row that holds none. */
const rowField = { low: 0, high: 1, until: 2, size: 3 } as const;
const rowWords = rowField.size;
const rowsPerSet = 8;
const setWords = rowWords * rowsPerSet;
const firstSets = 64;
/** 2^20 offers, 12 MiB, which a busy thread needs in 120 seconds. */
const mostSets = 1 << 17;
if ((firstSets & (firstSets - 1)) !== 0 || (mostSets & (mostSets - 1)) !== 0)
  throw new RangeError('the sets of offers are no power of two');

export class OutstandingOffers {
  /** Offers forgotten because there was no room. */
  lost = 0;
  readonly #seconds: number;
  readonly #mostSets: number;
  #words = new Int32Array(firstSets * setWords);
  #sets = firstSets;

  /** `seconds`: for so long an offer can be answered. */
  constructor(seconds: number, most = mostSets * rowsPerSet) {
    this.#seconds = seconds;
    this.#mostSets = most / rowsPerSet;
  }

  /** Notes an offer, or that it was made once more. `now` is whole seconds. */
  add(low: number, high: number, now: number): void {
    for (;;) {
      const row = this.#rowFor(low, high, now);
      const isFree = this.#words[row + rowField.until] <= now || this.#is(row, low, high);
      if (!isFree && this.#sets < this.#mostSets) {
        this.#grow(now);
        continue;
      }
      if (!isFree) this.lost++;
      this.#words[row + rowField.low] = low;
      this.#words[row + rowField.high] = high;
      this.#words[row + rowField.until] = now + this.#seconds;
      return;
    }
  }

  /** Whether the offer may be answered; from here on it may not. */
  take(low: number, high: number, now: number): boolean {
    const words = this.#words;
    const first = (low & (this.#sets - 1)) * setWords;
    for (let row = first; row < first + setWords; row += rowWords) {
      if (!this.#is(row, low, high)) continue;
      const isOpen = words[row + rowField.until] > now;
      words[row + rowField.until] = 0;
      return isOpen;
    }
    return false;
  }

  /** The offer's own row, or one that is free, or the one that is over first. */
  #rowFor(low: number, high: number, now: number): number {
    const words = this.#words;
    const first = (low & (this.#sets - 1)) * setWords;
    let chosen = first;
    for (let row = first; row < first + setWords; row += rowWords) {
      if (this.#is(row, low, high)) return row;
      const until = Math.max(words[row + rowField.until], now);
      if (until < Math.max(words[chosen + rowField.until], now)) chosen = row;
    }
    return chosen;
  }

  #is(row: number, low: number, high: number): boolean {
    return (
      this.#words[row + rowField.low] === low &&
      this.#words[row + rowField.high] === high &&
      this.#words[row + rowField.until] > 0
    );
  }

  #grow(now: number): void {
    const before = this.#words;
    this.#sets *= 2;
    this.#words = new Int32Array(this.#sets * setWords);
    for (let row = 0; row < before.length; row += rowWords) {
      if (before[row + rowField.until] <= now) continue;
      // Half as full as it was, so there is room.
      const to = this.#rowFor(before[row + rowField.low], before[row + rowField.high], now);
      for (let i = 0; i < rowWords; i++) this.#words[to + i] = before[row + i];
    }
  }
}
