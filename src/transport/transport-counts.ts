// What one transport has counted since the start, in the words that all transports share.
import { type AnswerStats, sumAnswerStats } from './answer-stats.ts';

export interface TransportCounts extends Omit<AnswerStats, 'refused'> {
  /** Of the answered announces, those that came back too early and were given few peers. */
  earlyAnnounces: number;
  scrapes: number;
  /** Of payloads of datagrams, and of whole streams, TLS included. */
  bytesIn: number;
  bytesOut: number;
  /** Datagrams received and sent; undefined where the kernel makes packets of a stream as it likes. */
  packets: { in: number; out: number } | undefined;
  /** By reason, its own and those of `requestRefusals`; a reason that is missing counts as 0. */
  refused: Readonly<Record<string, number>>;
  /** Datagrams that the kernel threw away because they came faster than they were read. */
  droppedByKernel: number;
  /** Answers that could not be sent. */
  unsent: number;
  exceptions: number;
  /** Open connections, where there are such. */
  connections: number;
  /** What only its own metrics read. */
  own: Readonly<Record<string, number>>;
}

/** Of a transport that has counted nothing, for whoever counts a part of it. */
export const nothingCounted: Readonly<TransportCounts> = {
  ...sumAnswerStats([]),
  earlyAnnounces: 0,
  scrapes: 0,
  bytesIn: 0,
  bytesOut: 0,
  packets: undefined,
  droppedByKernel: 0,
  unsent: 0,
  exceptions: 0,
  connections: 0,
  own: {},
};
