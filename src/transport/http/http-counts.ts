// How the counters of HTTP are told in the words of all transports.
import { sumAnswerStats } from '../answer-stats.ts';
import { nothingCounted, type TransportCounts } from '../transport-counts.ts';
import { HttpCounters } from './http-counters.ts';

/** @param sets those of each thread that serves the transport */
export function httpCounts(sets: readonly HttpCounters[]): TransportCounts {
  const { refused, ...stats } = sumAnswerStats(sets.map((counters) => counters.stats));
  const counters = HttpCounters.sum(sets);
  return {
    ...nothingCounted,
    ...stats,
    refused: {
      ...refused,
      malformed: refused.malformed + counters.badRequests,
      too_many_connections: counters.connectionsRefused + counters.connectionsShed,
      connection_rate_limited: counters.connectionsRateLimited,
      handshake_failed: counters.handshakesFailed,
      proxy_header_missing: counters.proxyHeadersMissing,
      timeout: counters.timeouts,
    },
    earlyAnnounces: counters.earlyAnnounces,
    scrapes: counters.scrapes,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    exceptions: counters.exceptions,
    connections: counters.connectionsOpen,
    own: { handshakes: counters.handshakesDone },
  };
}
