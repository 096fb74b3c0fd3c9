/**
 * Knows how times that are kept in a few bits are compared: they lie on a circle, where only a distance means anything,
 * and a distance of a whole turn or more cannot be told from a shorter one. Who keeps such a time sees to it that it is
 * renewed or forgotten before a turn is over, whatever pause the process makes.
 */

/** Steps forward from `then` to `now` on a circle of `mask` + 1 steps, a power of two: 0 to `mask`. */
export function stepsSince(then: number, now: number, mask: number): number {
  return (now - then) & mask;
}

/**
 * The same, where `then` may have been written by a thread that took the time a little later: the last `ahead` steps of
 * the circle are the future, which counts as 0.
 */
export function stepsSinceOrAhead(then: number, now: number, mask: number, ahead: number): number {
  const steps = (now - then) & mask;
  return steps > mask - ahead ? 0 : steps;
}

/** The place on the circle of a time `steps` before `now`; the mask of a circle of 2^32 is −1. */
export function stepsBefore(now: number, steps: number, mask: number): number {
  return (now - steps) & mask;
}

/** Steps forward from `then` to `now`, both modulo 2^32 (also as int32, or wider): 0 to 2^32 − 1. */
export function stepsSince32(then: number, now: number): number {
  return (now - then) >>> 0;
}
