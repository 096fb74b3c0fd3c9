// One announce as it travels between a transport and the tracker: the question going in, the answer coming back.

import { Event } from '../protocol/event.ts';
import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';

/**
 * A transport owns one of these per thread, fills in the question, calls `Tracker.announce` and reads the answer.
 * It is reused for every announce, so nothing is allocated. "Words" are the wire bytes as they lie in memory, read
 * four at a time as little-endian int32 (info_hash: 5 words, peer_id: 5, IPv4 address: 1, IPv6 address: 4).
 */
export class Announce {
  // The question. The three word arrays may be views of a receive buffer; they are read, never kept.
  infoHash: Int32Array = new Int32Array(infoHashWords);
  infoHashAt = 0;
  peerId: Int32Array = new Int32Array(peerIdWords);
  peerIdAt = 0;
  /** The client's address: what the packet or connection came from, never what it says of itself. */
  address: Int32Array = new Int32Array(4);
  addressAt = 0;
  family: 4 | 6 = 4;
  /** 0 to 65535; 0 is refused by the tracker. */
  port = 0;
  event: Event = Event.none;
  /** `left` is 0 (BEP 3). An announce without `left` is not from a seeder. */
  seeding = false;
  /** Peers asked for; negative means the tracker's default. */
  numwant = -1;

  // How to answer.
  /** Compact peers are written here from `outAt` on, in units of 16 bits: 3 an IPv4 peer, 9 an IPv6 peer. */
  out: Uint16Array = new Uint16Array(0);
  outAt = 0;
  /** The transport's own limit of peers, on top of the tracker's. */
  mostPeers = 0x7fff;
  /** IPv6 clients only: fill places that IPv6 peers leave with IPv4 peers (written after them, 6 bytes each). */
  fillWithIpv4 = false;
  /** When set, the peer_id of peer i is written here at word 5 × i (dictionary replies need it). */
  outPeerIds: Int32Array | undefined = undefined;

  // The answer.
  complete = 0;
  incomplete = 0;
  downloaded = 0;
  /** Peers of the client's own family, written first. */
  peers = 0;
  /** IPv4 peers written after the IPv6 ones, 3 units each; 0 unless `fillWithIpv4`. */
  ipv4Peers = 0;
  /** The peer announced again before it was asked to; it got fewer peers than it might have. */
  early = false;
}
