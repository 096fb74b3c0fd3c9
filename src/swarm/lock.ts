// A mutex in shared memory: one word that is 0 when free, 1 when held, 2 when held and somebody may be asleep.
//
// Whoever holds several took them in one order, by `LockRank`: else two threads could each wait for the other for ever.
// Tests have that checked (`checkLockOrder`); otherwise it costs one look at a constant that V8 sees through.

const spins = 64;

/** In which order locks are taken: one of a rank only while none of it or of a higher one is held by this thread. */
export const LockRank = { evict: 1, shard: 2, journal: 3, sizeClass: 4, pool: 5 } as const;
export type LockRank = (typeof LockRank)[keyof typeof LockRank];
/** Which rank the lock at a word of this memory has. */
export type RankOf = (words: Int32Array, at: number) => LockRank;

/** There in tests only, where this thread's locks are checked. */
let heldLocks: HeldLocks | undefined;

/** Takes the lock at `words[at]`; blocks the thread until it is free. Not re-entrant. */
export function lock(words: Int32Array, at: number): void {
  if (heldLocks !== undefined) heldLocks.take(words, at);
  if (Atomics.compareExchange(words, at, 0, 1) !== 0) lockContended(words, at);
}

/** Takes the lock if it is free, and says whether it was. */
export function tryLock(words: Int32Array, at: number): boolean {
  const taken = Atomics.compareExchange(words, at, 0, 1) === 0;
  // Nobody waits here, but whatever is taken next waits with this one held.
  if (taken && heldLocks !== undefined) heldLocks.take(words, at);
  return taken;
}

/** Gives the lock back; only for the thread that holds it. */
export function unlock(words: Int32Array, at: number): void {
  if (heldLocks !== undefined) heldLocks.giveBack(words, at);
  if (Atomics.exchange(words, at, 0) === 2) Atomics.notify(words, at, 1);
}

function lockContended(words: Int32Array, at: number): void {
  // Held for about a microsecond as a rule: spinning is cheaper than sleeping.
  for (let spin = 0; spin < spins; spin++) {
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, 1) === 0) return;
  }
  while (Atomics.exchange(words, at, 2) !== 0) Atomics.wait(words, at, 2);
}

/** The locks that this thread holds, in the order in which it took them. */
class HeldLocks {
  readonly #rankOf: RankOf;
  readonly #held: { words: Int32Array; at: number; rank: LockRank }[] = [];

  constructor(rankOf: RankOf) {
    this.#rankOf = rankOf;
  }

  take(words: Int32Array, at: number): void {
    const rank = this.#rankOf(words, at);
    const last = this.#held.findLast((held) => held.words.buffer === words.buffer);
    if (last !== undefined && last.rank >= rank)
      throw new Error(`lock ${nameOf(rank)} (word ${at}) after ${nameOf(last.rank)} (word ${last.at})`);
    this.#held.push({ words, at, rank });
  }

  giveBack(words: Int32Array, at: number): void {
    const index = this.#held.findLastIndex((held) => held.words.buffer === words.buffer && held.at === at);
    if (index < 0) throw new Error(`word ${at} is given back by a thread that does not hold it`);
    this.#held.splice(index, 1);
  }
}

function nameOf(rank: LockRank): string {
  return Object.entries(LockRank).find(([, value]) => value === rank)![0];
}

/**
 * From here on a lock of this thread that is taken in the wrong order, twice, or given back without being held throws.
 * For tests and debugging, in each thread for itself; it makes every lock many times as slow.
 */
export function checkLockOrder(rankOf: RankOf): void {
  heldLocks = new HeldLocks(rankOf);
}
