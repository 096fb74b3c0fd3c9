// Which clients are meant by the beginnings of their peer_ids, compared as words.

import { peerIdWords } from '../protocol/peer-id.ts';

export class ClientList {
  /** For each prefix the words that a peer_id must have, and which of their bits count. */
  readonly #words: Int32Array;
  readonly #masks: Int32Array;
  readonly #count: number;

  /** `prefixes` are the first 1 to 20 bytes of peer_ids, as Latin-1 text. */
  constructor(prefixes: readonly string[]) {
    this.#count = prefixes.length;
    this.#words = new Int32Array(prefixes.length * peerIdWords);
    this.#masks = new Int32Array(prefixes.length * peerIdWords);
    const words = new Uint8Array(this.#words.buffer);
    const masks = new Uint8Array(this.#masks.buffer);
    prefixes.forEach((prefix, number) => {
      for (let i = 0; i < prefix.length && i < 20; i++) {
        words[number * 20 + i] = prefix.charCodeAt(i);
        masks[number * 20 + i] = 0xff;
      }
    });
  }

  /** Whether the peer_id whose words begin at `at` begins with one of the prefixes. */
  has(peerId: Int32Array, at: number): boolean {
    for (let number = 0; number < this.#count; number++) if (this.#matches(number, peerId, at)) return true;
    return false;
  }

  #matches(number: number, peerId: Int32Array, at: number): boolean {
    for (let i = 0; i < peerIdWords; i++) {
      const word = number * peerIdWords + i;
      const mask = this.#masks[word];
      if (mask === 0) return true;
      if ((peerId[at + i] & mask) !== this.#words[word]) return false;
    }
    return true;
  }
}
