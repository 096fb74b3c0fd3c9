// What one visit to a swarm of peers that are connections takes and gives back.

import { Event } from '../protocol/event.ts';
import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';

/**
 * Who holds a connection: whose it is in the process, and for whom. A place says which thread's it is and which of that
 * thread's (`placeOf`); a thread uses a place again for another connection, with the next generation. Of an IPv4 client
 * the whole address stands there, of an IPv6 one the first eight bytes: a subscriber has that at least.
 */
export const holderField = { place: 0, generation: 1, address: 2, family: 4, size: 5 } as const;
export const holderWords = holderField.size;
if (holderWords !== peerIdWords)
  throw new RangeError('a holder is not as long as the peer_id in whose place it stands');

const seatBits = 22;
/** Threads and connections of one thread that a place can tell apart. */
export const mostThreads = 1 << (31 - seatBits);
export const mostSeats = 1 << seatBits;

export function placeOf(thread: number, seat: number): number {
  return (thread << seatBits) | seat;
}

if (mostThreads < 2 || placeOf(mostThreads - 1, mostSeats - 1) !== 0x7fffffff)
  throw new RangeError('thread and seat do not fill a word that is not negative');

export function threadOf(place: number): number {
  return place >>> seatBits;
}

export function seatOf(place: number): number {
  return place & (mostSeats - 1);
}

/** What became of an announce. */
export const Visited = {
  /** It is written down, and nothing was before, or another connection's of the same address. */
  joined: 0,
  /** It was there already, with this connection. */
  renewed: 1,
  /** Nothing is stored: memory is full of what may not be evicted. */
  full: 2,
  /** Nothing is stored: a connection of another address has this peer_id, and `holder` says which. */
  taken: 3,
} as const;
export type Visited = (typeof Visited)[keyof typeof Visited];

/** One a thread, filled in for each announce: nothing is allocated. */
export class ConnectionVisit {
  infoHash: Int32Array = new Int32Array(infoHashWords);
  infoHashAt = 0;
  peerId: Int32Array = new Int32Array(peerIdWords);
  peerIdAt = 0;
  /** The client's, 1 or 4 words. */
  address: Int32Array = new Int32Array(4);
  addressAt = 0;
  family: 4 | 6 = 4;
  place = 0;
  generation = 0;
  event: Event = Event.none;
  /** `left` is 0. */
  seeding = false;

  complete = 0;
  incomplete = 0;
  /** Others of the swarm, `holderWords` words each, as many as were asked for and there are. */
  others: Int32Array = new Int32Array(0);
  otherCount = 0;
  /** Of a peer that was looked for, or whose peer_id was taken. */
  readonly holder = new Int32Array(holderWords);
}
