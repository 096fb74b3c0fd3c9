// How the counters of WebTorrent are told in the words of all transports.
import { sumAnswerStats } from '../answer-stats.ts';
import type { TransportCounts } from '../transport-counts.ts';
import { sumWebTorrentCounters, type WebTorrentCounters } from './webtorrent-counters.ts';

/** @param sets those of each thread */
export function webTorrentCounts(sets: readonly WebTorrentCounters[]): TransportCounts {
  const { refused, ...stats } = sumAnswerStats(sets.map((counters) => counters.stats));
  const counters = sumWebTorrentCounters(sets);
  const { offersRelayed, offersUnsent, answersRelayed, lettersDropped, plainOpened, secureOpened } = counters;
  return {
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
    earlyAnnounces: 0,
    scrapes: counters.scrapes,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    packets: undefined,
    droppedByKernel: 0,
    unsent: 0,
    exceptions: counters.exceptions,
    connections: counters.plainOpen + counters.secureOpen,
    own: { offersRelayed, offersUnsent, answersRelayed, lettersDropped, plainOpened, secureOpened },
  };
}
