// How old the objects of a chunk are, by and large: counted in chunks filled since, on a circle of 2^32.

import { stepsBefore, stepsSince32 } from '../protocol/wrapped-time.ts';
import { chunkRow, chunkTable, header } from './layout.ts';

/** Older than this is not told apart: what has not been filled for so long only gets older while it is bounded. */
export const oldestAge = 2 ** 30;

/** How many chunks were filled since this stamp (`chunkRow.filled`) was written. */
export function chunkAge(words: Int32Array, stamp: number): number {
  return stepsSince32(stamp, words[header.chunksFilled]);
}

/** The stamp of a chunk that has this age now. */
export function stampOfAge(words: Int32Array, age: number): number {
  return stepsBefore(words[header.chunksFilled], age, -1);
}

/**
 * Called once in a round of the sweeper, long before a stamp could come round to being a new one again. Without a lock: a
 * chunk that is filled anew at the same moment is taken for an old one at worst.
 */
export function boundChunkAges(words: Int32Array): void {
  const end = words[header.nextFreshChunk];
  for (let chunk = words[header.firstChunk]; chunk < end; chunk++) {
    const at = chunkTable + chunk * chunkRow.size + chunkRow.filled;
    if (chunkAge(words, words[at]) > oldestAge) words[at] = stampOfAge(words, oldestAge);
  }
}
