// What a transport notes of the announces it answered and how long that took, as numbers that another thread may read.

import type { Event } from '../protocol/event.ts';
import { type FailureKind, failureKinds } from '../protocol/failure.ts';

/** Upper ends of the latency buckets in seconds; a last bucket takes what is slower. */
export const latencyBounds = [
  5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5,
] as const;

const eventCount = 5;
const latencyAt = 2 * eventCount;
const latencySumAt = latencyAt + latencyBounds.length + 1;

const refusedAt = latencySumAt + 1;

/** Numbers that one transport's notes take; a multiple of a cache line. */
export const answerStatsLength = 40;
if (refusedAt + failureKinds.length > answerStatsLength || answerStatsLength % 8 !== 0)
  throw new RangeError('there is not enough room for what is noted of the answers');

/** Counts an answered announce; each of `stats`' first numbers is one family and event. */
export function countAnnounce(stats: Float64Array, family: 4 | 6, event: Event): void {
  stats[(family === 4 ? 0 : eventCount) + event]++;
}

/** Counts a request that was refused, or dropped without a word. */
export function countRefusal(stats: Float64Array, kind: FailureKind): void {
  stats[refusedAt + failureKinds.indexOf(kind)]++;
}

/** Notes that `answers` requests were answered `ms` after they were read. */
export function countLatency(stats: Float64Array, ms: number, answers: number): void {
  const seconds = ms / 1000;
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > latencyBounds[bucket]) bucket++;
  stats[latencyAt + bucket] += answers;
  stats[latencySumAt] += seconds * answers;
}

/** The sums over several transports' notes, in words. */
export interface AnswerStats {
  /** Answered announces of each family by event, in the order of the events' numbers. */
  announces4: number[];
  announces6: number[];
  /** Requests whose latency was measured, by bucket, and the sum of their seconds. */
  latency: number[];
  latencySum: number;
  refused: Record<FailureKind, number>;
}

export function sumAnswerStats(all: readonly Float64Array[]): AnswerStats {
  const sums = new Float64Array(answerStatsLength);
  for (const stats of all) for (let i = 0; i < answerStatsLength; i++) sums[i] += stats[i];
  return {
    announces4: [...sums.subarray(0, eventCount)],
    announces6: [...sums.subarray(eventCount, latencyAt)],
    latency: [...sums.subarray(latencyAt, latencySumAt)],
    latencySum: sums[latencySumAt],
    refused: Object.fromEntries(failureKinds.map((kind, index) => [kind, sums[refusedAt + index]])) as Record<
      FailureKind,
      number
    >,
  };
}
