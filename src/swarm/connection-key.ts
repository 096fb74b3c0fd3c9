// What stands for a peer_id in the record of a peer that is a connection: 18 bytes, where an IPv6 peer's has address and port.
//
// 18 bytes for 20: two hashes of all of it under keys that nobody knows, and ten bytes as they are. Two peer_ids that
// agree in those and in 64 bits of hashes do not happen, and nobody can look for them.

import { peerIdWords } from '../protocol/peer-id.ts';
import { keyedHash } from './keyed-hash.ts';
import { header } from './layout.ts';
import { recordWords6 } from './size-classes.ts';

/** The last two words of the peer_id stand as they are, and half of the one before them behind the words, as a port does. */
const keyWord = { hash0: 0, hash1: 1, fourth: 2, fifth: 3, size: 4 } as const;
const peerIdLength = (peerIdWords * 4) << 24;
if (keyWord.size + 1 !== recordWords6)
  throw new RangeError('a key is not as long as address and port of a record');

/** Of the peer_id read last; one a thread. */
export class ConnectionKey {
  /** As the words of an address. */
  readonly words = new Int32Array(keyWord.size);
  /** Sixteen bits, as a port. */
  end = 0;
  readonly #key0: number;
  readonly #key1: number;

  /** @param words the store's */
  constructor(words: Int32Array) {
    this.#key0 = words[header.peerKey];
    this.#key1 = words[header.peerKey + 1];
  }

  /** Reads the peer_id whose words begin at `at`. */
  read(peerId: Int32Array, at: number): void {
    const { words } = this;
    words[keyWord.hash0] = keyedHash(this.#key0, this.#key1, peerId, at, peerIdWords, peerIdLength);
    words[keyWord.hash1] = keyedHash(this.#key1, this.#key0, peerId, at, peerIdWords, peerIdLength);
    words[keyWord.fourth] = peerId[at + 3];
    words[keyWord.fifth] = peerId[at + 4];
    this.end = peerId[at + 2] & 0xffff;
  }
}
