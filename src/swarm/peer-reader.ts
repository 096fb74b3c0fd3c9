// Every peer of the store, one after the other, for whoever has to look at all of them while they go on announcing.

import { infoHashWords } from '../protocol/info-hash.ts';
import { countedFlag, partialFlag, remoteFlag } from './block.ts';
import { downloadedMask } from './layout.ts';
import { fragmentHead, peerWords4, peerWords6 } from './snapshot-format.ts';
import { largestFragment, type SnapshotReader } from './snapshot-reader.ts';
import type { StoreClock } from './store-clock.ts';
import { ageOf } from './tick.ts';

/** One peer; the same object each time. `address` and `infoHash` hold it until the next. */
export interface ReadPeer {
  readonly infoHash: Int32Array;
  readonly address: Int32Array;
  readonly family: 4 | 6;
  /** In wire order, as a record holds it. */
  readonly port: number;
  readonly seeder: boolean;
  readonly partial: boolean;
  readonly counted: boolean;
  /** Another machine has told of it last. */
  readonly remote: boolean;
  /** Ticks since it was last seen. */
  readonly age: number;
}

/** What is called for each swarm, before its peers (in parts, where it is large), and for each peer. */
export interface PeerVisitor {
  swarm(infoHash: Int32Array, downloaded: number, hasPeers: boolean): void;
  peer(peer: ReadPeer): void;
}

export class PeerReader {
  readonly #reader: SnapshotReader;
  readonly #clock: StoreClock;
  /** A thousand peers or so a slice, and the largest fragment. */
  readonly #words = new Int32Array(8192 + largestFragment);
  readonly #peer = {
    infoHash: new Int32Array(infoHashWords),
    address: new Int32Array(4),
    family: 4 as 4 | 6,
    port: 0,
    seeder: false,
    partial: false,
    counted: false,
    remote: false,
    age: 0,
  };

  constructor(reader: SnapshotReader, clock: StoreClock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  get done(): boolean {
    return this.#reader.done;
  }

  /** Reads on, about a thousand peers; one who is there all the time is met once when it is `done`. */
  read(now: number, visitor: PeerVisitor): void {
    const end = this.#reader.read(this.#words, 0, this.#words.length);
    const tick = this.#clock.tick(now);
    for (let at = 0; at < end; ) at = this.#visit(at, tick, visitor);
  }

  #visit(at: number, tick: number, visitor: PeerVisitor): number {
    const words = this.#words;
    const { infoHash } = this.#peer;
    for (let i = 0; i < infoHashWords; i++) infoHash[i] = words[at + i];
    const counts4 = words[at + fragmentHead.peers4];
    const counts6 = words[at + fragmentHead.peers6];
    visitor.swarm(infoHash, words[at + fragmentHead.downloaded] & downloadedMask, (counts4 | counts6) !== 0);
    const next = this.#visitFamily(at + fragmentHead.size, counts4, 4, peerWords4, tick, visitor);
    return this.#visitFamily(next, counts6, 6, peerWords6, tick, visitor);
  }

  #visitFamily(
    first: number,
    counts: number,
    family: 4 | 6,
    size: number,
    tick: number,
    visitor: PeerVisitor,
  ): number {
    const words = this.#words;
    const peer = this.#peer;
    const addressWords = family === 4 ? 1 : 4;
    const leechers = counts & 0xffff;
    const count = leechers + (counts >>> 16);
    peer.family = family;
    for (let i = 0, at = first; i < count; i++, at += size) {
      for (let word = 0; word < 4; word++) peer.address[word] = word < addressWords ? words[at + word] : 0;
      const last = words[at + addressWords];
      const state = last >>> 16;
      peer.port = last & 0xffff;
      peer.seeder = i >= leechers;
      peer.partial = (state & partialFlag) !== 0;
      peer.counted = (state & countedFlag) !== 0;
      peer.remote = (state & remoteFlag) !== 0;
      peer.age = ageOf(state, tick);
      visitor.peer(peer);
    }
    return first + count * size;
  }
}
