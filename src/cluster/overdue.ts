// Of which of this node's peers the others are told once more when they were seen last, because they have not come back when
// they should have.
//
// Of a peer that only stays others are not told each time, so they may take it for older than it is, by the ticks of a
// window, and would forget it before this node does: whoever goes without a word would be a difference between nodes for
// as long. Those who stay are heard of before; so when nodes compare, each of them tells of those that have come to an age
// by which they should have been heard of, well before anybody forgets them.

import { comparedTicks } from './store-sums.ts';

/** A little longer than from one comparison to the next. */
const usualSeconds = 75;
const mostSeconds = 600;

export interface OverdueParts {
  readonly ttlTicks: number;
  readonly secondsPerTick: number;
  /** In how many ticks others are told once of a peer that only stays. */
  readonly refreshTicks: number;
  /** Since this was asked last. */
  readonly sinceSeconds: number;
}

/** Ages in ticks, from the first up to the second: of nobody where they are the same. */
export function overdueAges({ ttlTicks, secondsPerTick, refreshTicks, sinceSeconds }: OverdueParts): {
  from: number;
  to: number;
} {
  const compared = comparedTicks(ttlTicks, secondsPerTick);
  const from = compared - refreshTicks - Math.ceil((usualSeconds + 10) / secondsPerTick);
  // Nobody who stays is older than this where it announces (tick.ts); a short TTL leaves no time after that.
  if (from <= ttlTicks - 2 * refreshTicks) return { from: 0, to: 0 };
  const since = Math.ceil(Math.min(sinceSeconds, mostSeconds) / secondsPerTick);
  return { from, to: from + Math.max(1, since) + 1 };
}
