// When what is known of a peer was said, for as long as something older may still arrive: more exactly than a record
// holds it, and also of peers that have left, of whom there is no record.
//
// A table of two generations: when one is full or has served its time, it becomes the old one, and the one before is
// forgotten. So what is remembered is bounded whatever happens; who is forgotten too early is judged by the record alone.

const smallest = 1 << 10;

interface Generation {
  /** Two words of hash an item. */
  keys: Int32Array;
  times: Float64Array;
  items: number;
  begunAt: number;
}

export class LastWords {
  readonly #most: number;
  readonly #lastsMs: number;
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
    if (this.#young.items * 4 >= this.#young.times.length * 3) this.#makeRoom(now);
    const before = this.get(key0, key1);
    put(this.#young, key0, key1, before === undefined ? at : Math.max(before, at));
  }

  /** When it was said, or `undefined`. */
  get(key0: number, key1: number): number | undefined {
    const young = find(this.#young, key0, key1);
    const slot = young >= 0 ? young : find(this.#old, key0, key1);
    if (slot < 0) return undefined;
    return (young >= 0 ? this.#young : this.#old).times[slot];
  }

  #makeRoom(now: number): void {
    const { keys, times, begunAt } = this.#young;
    if (times.length * 2 > this.#most * 2) {
      this.#turn(now);
      return;
    }
    const larger = generation(times.length * 2, begunAt);
    for (let slot = 0; slot < times.length; slot++) {
      const [key0, key1] = [keys[2 * slot], keys[2 * slot + 1]];
      if (key0 !== 0 || key1 !== 0) put(larger, key0, key1, times[slot]);
    }
    this.#young = larger;
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#young = generation(smallest, now);
  }
}

function generation(slots: number, begunAt: number): Generation {
  return { keys: new Int32Array(2 * slots), times: new Float64Array(slots), items: 0, begunAt };
}

/** The item's slot, or −1. A hash of two zeros is never remembered. */
function find({ keys, times }: Generation, key0: number, key1: number): number {
  const mask = times.length - 1;
  for (let slot = key0 & mask; ; slot = (slot + 1) & mask) {
    if (keys[2 * slot] === key0 && keys[2 * slot + 1] === key1) return key0 === 0 && key1 === 0 ? -1 : slot;
    if (keys[2 * slot] === 0 && keys[2 * slot + 1] === 0) return -1;
  }
}

function put(into: Generation, key0: number, key1: number, at: number): void {
  const { keys, times } = into;
  if (key0 === 0 && key1 === 0) return;
  const mask = times.length - 1;
  let slot = key0 & mask;
  while (keys[2 * slot] !== 0 || keys[2 * slot + 1] !== 0) {
    if (keys[2 * slot] === key0 && keys[2 * slot + 1] === key1) break;
    slot = (slot + 1) & mask;
  }
  if (keys[2 * slot] === 0 && keys[2 * slot + 1] === 0) into.items++;
  keys[2 * slot] = key0;
  keys[2 * slot + 1] = key1;
  times[slot] = at;
}
