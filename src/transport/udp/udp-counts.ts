// How the counters of UDP's sockets are told: in the words of all transports, and in those of the log's line a minute.
import { sumAnswerStats } from '../answer-stats.ts';
import type { TransportCounts } from '../transport-counts.ts';
import { answerStatsOf, sumUdpCounters, type UdpCounter } from './udp-counters.ts';
import { noXdpCounts, shieldCounts, type XdpCounts } from './xdp-counts.ts';

/**
 * @param sockets the counters of each
 * @param xdp what the filter before them has counted
 */
export function udpCounts(sockets: readonly Float64Array[], xdp: XdpCounts = noXdpCounts): TransportCounts {
  const sums = sumUdpCounters(sockets);
  const stats = sumAnswerStats(sockets.map(answerStatsOf));
  return {
    ...stats,
    refused: { ...stats.refused, ...shieldCounts(xdp) },
    earlyAnnounces: sums.earlyAnnounces,
    scrapes: sums.scrapes,
    bytesIn: sums.bytesIn,
    bytesOut: sums.bytesOut,
    packets: { in: sums.received, out: sums.sent },
    droppedByKernel: sums.droppedByKernel + xdp.dropped + xdp.ringFull,
    unsent: sums.sendFailures,
    exceptions: sums.exceptions,
    connections: 0,
    own: {
      xdpTaken: xdp.taken - xdp.withoutRing,
      xdpSent: sums.sentByRing,
      xdpWithoutRing: xdp.withoutRing,
      xdpAnswered: xdp.answered,
      xdpRingFull: xdp.ringFull,
      xdpNoFrame: xdp.noFrame,
    },
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
