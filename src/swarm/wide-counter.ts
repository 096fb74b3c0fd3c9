// A counter in the store's memory that no number of events overflows: a double, exact up to 2^53.

/**
 * The counter at word `at`, an even one. It has no atomic operations: a lock has to guard its changes. Read without it,
 * the number may be a moment old; a double on an even word is never half written.
 */
export function wideCounter(words: Int32Array, at: number): Float64Array {
  if (at & 1) throw new RangeError(`word ${at} is no place for a double`);
  return new Float64Array(words.buffer, words.byteOffset + at * 4, 1);
}
