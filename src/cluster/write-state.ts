// How a part of what this node knows is told to one that knows something else: all peers of some shards.

import type { PeerReader, ReadPeer } from '../swarm/peer-reader.ts';
import { PeerHash } from './peer-hash.ts';
import { createRecord } from './record-layout.ts';
import type { MessageWriter } from './wire.ts';

const record = createRecord();
const hash = new PeerHash();

/**
 * Reads on, about a thousand peers, and writes those that are wanted; the writer needs room for all that is read.
 * @param isWanted asked with the upper half of a peer's or a swarm's hash
 * @param now whole seconds of the monotonic clock
 */
export function writeState(
  reader: PeerReader,
  isWanted: (high: number) => boolean,
  writer: MessageWriter,
  now: number,
): void {
  reader.read(now, {
    swarm: (infoHash, downloaded) => {
      if (downloaded === 0) return;
      hash.ofSwarm(infoHash);
      if (isWanted(hash.high)) writer.total(infoHash, downloaded);
    },
    peer: (peer) => {
      hash.of(peer);
      if (isWanted(hash.high)) writePeer(peer, writer);
    },
  });
}

/** The most bytes that one call may write. */
export const stateRoom = 1 << 18;

function writePeer(peer: ReadPeer, writer: MessageWriter): void {
  record.infoHash.set(peer.infoHash);
  record.address.set(peer.address);
  record.family = peer.family;
  record.port = peer.port;
  record.seeder = peer.seeder;
  record.partial = peer.partial;
  record.counted = peer.counted;
  record.age = peer.age;
  writer.peer(record);
}
