// A number for each peer of each swarm that all nodes of a cluster agree on: by it they compare what they have.

import { keyedHash } from '../swarm/keyed-hash.ts';

/** Any numbers will do that are the same on all nodes; the store's own key is another one in each process. */
const key0 = 0x43617261;
const key1 = 0x63616c21;

export interface HashedPeer {
  readonly infoHash: Int32Array;
  readonly address: Int32Array;
  readonly family: 4 | 6;
  readonly port: number;
}

export class PeerHash {
  readonly #words = new Int32Array(10);
  /** Two halves, as int32. */
  high = 0;
  low = 0;

  /** Over the info_hash and the endpoint: who it is, not what it does. */
  of({ infoHash, address, family, port }: HashedPeer): void {
    const words = this.#words;
    for (let i = 0; i < 5; i++) words[i] = infoHash[i];
    for (let i = 0; i < 4; i++) words[5 + i] = family === 6 || i === 0 ? address[i] : 0;
    words[9] = family;
    this.high = keyedHash(key0, key1, words, 0, 10, port);
    this.low = keyedHash(key1, this.high, words, 0, 10, port);
  }

  /** The same over what it does, or how often a swarm was downloaded. */
  mixed(value: number): number {
    this.#words[0] = this.high;
    this.#words[1] = this.low;
    return keyedHash(key0, key1, this.#words, 0, 2, value);
  }

  ofSwarm(infoHash: Int32Array): void {
    this.high = keyedHash(key0, key1, infoHash, 0, 5, 0);
    this.low = keyedHash(key1, this.high, infoHash, 0, 5, 0);
  }
}
