// What one thread's UDP transport has counted, in memory that the main thread can read.

import { answerStatsLength } from '../answer-stats.ts';

/** Position of each counter; the names are the ones operators see. */
export const UdpCounter = {
  received: 0,
  connects: 1,
  announces: 2,
  scrapes: 3,
  errors: 4,
  badConnectionIds: 5,
  malformed: 6,
  exceptions: 7,
  sent: 8,
  sendFailures: 9,
  receiveErrors: 10,
  /** Datagrams that the kernel dropped because they came faster than they were read. */
  droppedByKernel: 11,
  /** Not answered, because the sender asks too often. */
  rateLimited: 12,
  /** Answered with few peers, because the peer came back too early. */
  earlyAnnounces: 13,
  /** Payloads that came, and those that were given to the kernel to send. */
  bytesIn: 14,
  bytesOut: 15,
  /** Of `sent`: through the queue of a network card. */
  sentByRing: 16,
} as const;
export type UdpCounter = keyof typeof UdpCounter;

const statsAt = 24;
/** Kept at a cache line's multiple, so that two threads' counters never share one. */
const setLength = statsAt + answerStatsLength;
if (Math.max(...Object.values(UdpCounter)) >= statsAt || setLength % 8 !== 0)
  throw new RangeError('the counters of UDP reach into what follows them');
export const udpCounterBytes = setLength * 8;

/** Counters of one thread; `buffer` may be shared. Doubles: exact up to 2^53. */
export function createUdpCounters(
  buffer: ArrayBufferLike = new ArrayBuffer(udpCounterBytes),
  index = 0,
): Float64Array {
  return new Float64Array(buffer, index * udpCounterBytes, setLength);
}

/** The part of a transport's counters that answer-stats.ts knows. */
export function answerStatsOf(counters: Float64Array): Float64Array {
  return counters.subarray(statsAt, setLength);
}

/** The sums over several threads' counters, by name. */
export function sumUdpCounters(all: readonly Float64Array[]): Record<UdpCounter, number> {
  const sums = Object.entries(UdpCounter).map(([name, position]) => [
    name,
    all.reduce((sum, counters) => sum + counters[position], 0),
  ]);
  return Object.fromEntries(sums) as Record<UdpCounter, number>;
}
