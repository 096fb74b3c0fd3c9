// What paired measurements say of a difference: its median, and where the true one lies with 95 % certainty.
import { median } from './table.ts';

export interface PairedMedian {
  median: number;
  /** The interval that holds the true median with a probability of `certainty`, 0.95 at least. */
  from: number;
  to: number;
  certainty: number;
}

/**
 * From the order of the values alone (the sign test), so that outliers and the shape of the noise do not matter.
 * @throws RangeError for fewer than 6 values, from which nothing follows
 */
export function medianInterval(values: readonly number[]): PairedMedian {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  // Each value is below the true median with a probability of one half; `tail` is that of at most `rank` below it.
  let tail = 0.5 ** count;
  let certainty = 0;
  let rank = -1;
  for (let next = 0, chance = tail; tail <= 0.025; next++) {
    rank = next;
    certainty = 1 - 2 * tail;
    chance = (chance * (count - next)) / (next + 1);
    tail += chance;
  }
  if (rank < 0) throw new RangeError(`${count} values are too few`);
  return { median: median(sorted), from: sorted[rank], to: sorted[count - 1 - rank], certainty };
}
