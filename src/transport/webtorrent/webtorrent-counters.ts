// Knows what WebTorrent counts.
import { nameCounters } from '../named-counters.ts';

/** One set; only one thread counts in it. */
export const WebTorrentCounters = nameCounters([
  // Messages by kind; refused ones count in their kind too.
  'announces',
  'answers',
  'scrapes',
  'fullScrapes',
  /** Offers that were sent on, and answers. */
  'offersRelayed',
  'answersRelayed',
  /** Offers that found nobody: more of them than peers, or the peer's connection had just ended. */
  'offersUnsent',
  /** Answers to no offer that could still be answered by that connection. */
  'answersUnmatched',
  /** For another thread, whose ring was full. */
  'lettersDropped',
  /** Peers that went on with another connection of their address. */
  'peersMoved',
  'exceptions',
  'bytesIn',
  'bytesOut',
  /** Connections over TLS and without, open now and opened since the start. */
  'plainOpen',
  'secureOpen',
  'plainOpened',
  'secureOpened',
  // Connections that were not opened.
  'handshakesFailed',
  'originsRefused',
  'tooManyConnections',
  // Connections that were ended.
  'protocolErrors',
  'unresponsive',
  'slowMessages',
  'slowReaders',
]);
export type WebTorrentCounters = InstanceType<typeof WebTorrentCounters>;
