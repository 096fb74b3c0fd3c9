// What one visit to a swarm takes and gives back.
import type { Event } from '../protocol/event.ts';

/** What the store reads of one announce, and where it puts what it found. */
export interface SwarmVisit {
  readonly infoHash: Int32Array;
  readonly infoHashAt: number;
  readonly peerId: Int32Array;
  readonly peerIdAt: number;
  readonly address: Int32Array;
  readonly addressAt: number;
  readonly family: 4 | 6;
  readonly port: number;
  readonly event: Event;
  readonly seeding: boolean;
  readonly out: Uint16Array;
  readonly outAt: number;
  readonly outPeerIds: Int32Array | undefined;
  readonly fillWithIpv4: boolean;
  complete: number;
  incomplete: number;
  downloaded: number;
  peers: number;
  ipv4Peers: number;
  early: boolean;
}

/** The counts of one swarm (BEP 48, BEP 21). */
export interface SwarmCounts {
  complete: number;
  incomplete: number;
  downloaded: number;
  /** Incomplete peers that still download, so without partial seeds. */
  downloaders: number;
}
