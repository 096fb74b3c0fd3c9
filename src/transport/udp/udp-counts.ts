// How the counters of UDP's sockets are told: in the words of all transports, and in those of the log's line a minute.
import { sumAnswerStats } from '../answer-stats.ts';
import type { TransportCounts } from '../transport-counts.ts';
import { answerStatsOf, sumUdpCounters, type UdpCounter } from './udp-counters.ts';

/** @param sockets the counters of each */
export function udpCounts(sockets: readonly Float64Array[]): TransportCounts {
  const sums = sumUdpCounters(sockets);
  return {
    ...sumAnswerStats(sockets.map(answerStatsOf)),
    earlyAnnounces: sums.earlyAnnounces,
    scrapes: sums.scrapes,
    bytesIn: sums.bytesIn,
    bytesOut: sums.bytesOut,
    packets: { in: sums.received, out: sums.sent },
    droppedByKernel: sums.droppedByKernel,
    unsent: sums.sendFailures,
    exceptions: sums.exceptions,
    connections: 0,
    own: {},
  };
}

const words: [counter: UdpCounter, word: string][] = [
  ['received', 'in'],
  ['sent', 'out'],
  ['badConnectionIds', 'bad connection ids'],
  ['malformed', 'malformed'],
  ['rateLimited', 'over the rate limit'],
  ['droppedByKernel', 'dropped by the kernel'],
  ['sendFailures', 'not sent'],
  ['exceptions', 'exceptions'],
];

/** The counters that the log shows, under its words for them. */
export function udpTallies(sockets: readonly Float64Array[]): Record<string, number> {
  const sums = sumUdpCounters(sockets);
  return Object.fromEntries(words.map(([counter, word]) => [word, sums[counter]]));
}
