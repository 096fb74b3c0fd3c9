// What a latency histogram says: percentiles, as closely as its buckets allow.

import type { Percentiles } from '../schema.ts';

/** Percentiles of what was counted, or undefined when nothing was; `bounds` are the buckets' upper ends in seconds. */
export function percentilesOf(counts: readonly number[], bounds: readonly number[]): Percentiles | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const at = (share: number) => percentile(counts, bounds, share * total);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

// Within a bucket, values are taken to be spread evenly; of the last, which has no end, only its beginning is known.
function percentile(counts: readonly number[], bounds: readonly number[], rank: number): number {
  let below = 0;
  for (let bucket = 0; bucket < bounds.length; bucket++) {
    const count = counts[bucket];
    if (below + count >= rank && count > 0) {
      const from = bucket === 0 ? 0 : bounds[bucket - 1];
      return from + ((bounds[bucket] - from) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1)!;
}
