/** Knows how memory is looked at four bytes at once: as little-endian words that begin at multiples of four of its buffer. */

let lastBuffer: ArrayBufferLike | undefined;
let lastWords: Int32Array = new Int32Array(0);

/** All whole words of `buffer`; the view is kept for the next call, as most callers stay with one buffer. */
export function wordsOf(buffer: ArrayBufferLike): Int32Array {
  if (lastBuffer !== buffer) {
    lastBuffer = buffer;
    lastWords = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  }
  return lastWords;
}
