// When what is known of a peer was said, for as long as something older may still arrive: more exactly than a record
// holds it, and also of peers that have left, of whom there is no record.
//
// A table of two generations: when one is full or has served its time, it becomes the old one, and the one before is
// forgotten. So what is remembered is bounded whatever happens; who is forgotten too early is judged by the record alone.

const smallest = 1 << 10;

/** Words of an item: two of hash, and a double, side by side so that one look at memory finds all. */
const itemWords = 4;

interface Generation {
  readonly words: Int32Array;
  /** The same memory; the time of the item in slot n is number 2n + 1. */
  readonly times: Float64Array;
  /** Slots less one, a power of two. */
  readonly mask: number;
  items: number;
  readonly begunAt: number;
}

export class LastWords {
  readonly #most: number;
  readonly #lastsMs: number;
  readonly #seen = new Int32Array(1);
  #young: Generation;
  #old: Generation;

  /**
   * @param most items of a generation, a power of two
   * @param lastsMs how long everything is remembered at least, where there is room
   */
  constructor(most: number, lastsMs: number) {
    this.#most = most;
    this.#lastsMs = lastsMs;
    this.#young = generation(smallest, 0);
    this.#old = generation(smallest, 0);
  }

  /** Remembers it, or takes the newer of both times. `key0` and `key1` are a hash of the peer; `now` milliseconds. */
  set(key0: number, key1: number, at: number, now: number): void {
    if (now - this.#young.begunAt > this.#lastsMs) this.#turn(now);
    if (this.#young.items * 4 >= (this.#young.mask + 1) * 3) this.#makeRoom(now);
    const before = this.get(key0, key1);
    put(this.#young, key0, key1, before === undefined ? at : Math.max(before, at));
  }

  /** When it was said, or `undefined`. */
  get(key0: number, key1: number): number | undefined {
    const young = find(this.#young, key0, key1);
    const slot = young >= 0 ? young : find(this.#old, key0, key1);
    if (slot < 0) return undefined;
    return (young >= 0 ? this.#young : this.#old).times[2 * slot + 1];
  }

  /** Begins to fetch what `get` and `set` will look at for the first `count` hashes, by their first halves; nothing changes. */
  lookAhead(keys0: Int32Array, count: number): void {
    const [young, old] = [this.#young, this.#old];
    let seen = 0;
    for (let i = 0; i < count; i++)
      seen ^= young.words[itemWords * (keys0[i] & young.mask)] ^ old.words[itemWords * (keys0[i] & old.mask)];
    // Written down, because the compiler leaves out a read that nobody uses.
    this.#seen[0] = seen;
  }

  #makeRoom(now: number): void {
    const { words, times, mask, begunAt } = this.#young;
    const slots = mask + 1;
    if (slots * 2 > this.#most * 2) {
      this.#turn(now);
      return;
    }
    const larger = generation(slots * 2, begunAt);
    for (let slot = 0; slot < slots; slot++) {
      const [key0, key1] = [words[itemWords * slot], words[itemWords * slot + 1]];
      if (key0 !== 0 || key1 !== 0) put(larger, key0, key1, times[2 * slot + 1]);
    }
    this.#young = larger;
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#young = generation(smallest, now);
  }
}

function generation(slots: number, begunAt: number): Generation {
  const words = new Int32Array(itemWords * slots);
  return { words, times: new Float64Array(words.buffer), mask: slots - 1, items: 0, begunAt };
}

/** The item's slot, or −1. A hash of two zeros is never remembered. */
function find({ words, mask }: Generation, key0: number, key1: number): number {
  for (let slot = key0 & mask; ; slot = (slot + 1) & mask) {
    const [known0, known1] = [words[itemWords * slot], words[itemWords * slot + 1]];
    if (known0 === 0 && known1 === 0) return -1;
    if (known0 === key0 && known1 === key1) return slot;
  }
}

function put(into: Generation, key0: number, key1: number, at: number): void {
  const { words, times, mask } = into;
  if (key0 === 0 && key1 === 0) return;
  let slot = key0 & mask;
  while (words[itemWords * slot] !== 0 || words[itemWords * slot + 1] !== 0) {
    if (words[itemWords * slot] === key0 && words[itemWords * slot + 1] === key1) break;
    slot = (slot + 1) & mask;
  }
  if (words[itemWords * slot] === 0 && words[itemWords * slot + 1] === 0) into.items++;
  words[itemWords * slot] = key0;
  words[itemWords * slot + 1] = key1;
  times[2 * slot + 1] = at;
}
