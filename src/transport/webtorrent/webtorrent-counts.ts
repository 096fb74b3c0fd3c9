// How the counters of WebTorrent are told in the words of all transports.
import { sumAnswerStats } from '../answer-stats.ts';
import { nothingCounted, type TransportCounts } from '../transport-counts.ts';
import { WebTorrentCounters } from './webtorrent-counters.ts';

/** @param sets those of each thread */
export function webTorrentCounts(sets: readonly WebTorrentCounters[]): TransportCounts {
  const { refused, ...stats } = sumAnswerStats(sets.map((counters) => counters.stats));
  const counters = WebTorrentCounters.sum(sets);
  const { offersRelayed, offersUnsent, answersRelayed, lettersDropped, plainOpened, secureOpened } = counters;
  return {
    ...nothingCounted,
    ...stats,
    refused: {
      ...refused,
      origin_not_allowed: counters.originsRefused,
      too_many_websockets: counters.tooManyConnections,
      bad_handshake: counters.handshakesFailed,
      protocol_error: counters.protocolErrors,
      unresponsive: counters.unresponsive,
      slow_message: counters.slowMessages,
      slow_reader: counters.slowReaders,
      unmatched_answer: counters.answersUnmatched,
    },
    scrapes: counters.scrapes,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    exceptions: counters.exceptions,
    connections: counters.plainOpen + counters.secureOpen,
    own: { offersRelayed, offersUnsent, answersRelayed, lettersDropped, plainOpened, secureOpened },
  };
}
