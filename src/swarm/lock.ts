// A mutex in shared memory: one word that is 0 when free, 1 when held, 2 when held and somebody may be asleep.

const spins = 64;

/** Takes the lock at `words[at]`; blocks the thread until it is free. Not re-entrant. */
export function lock(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, 0, 1) !== 0) lockContended(words, at);
}

/** Takes the lock if it is free, and says whether it was. */
export function tryLock(words: Int32Array, at: number): boolean {
  return Atomics.compareExchange(words, at, 0, 1) === 0;
}

/** Gives the lock back; only for the thread that holds it. */
export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, 0) === 2) Atomics.notify(words, at, 1);
}

function lockContended(words: Int32Array, at: number): void {
  // Held for about a microsecond as a rule: spinning is cheaper than sleeping.
  for (let spin = 0; spin < spins; spin++) {
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, 1) === 0) return;
  }
  while (Atomics.exchange(words, at, 2) !== 0) Atomics.wait(words, at, 2);
}
