// Which peers one connection has announced: what ends when it ends.

import { infoHashWords } from '../../protocol/info-hash.ts';
import { peerIdWords } from '../../protocol/peer-id.ts';

/** Where its words stand, beginning with those of the info_hash. */
export const membershipField = {
  infoHash: 0,
  peerId: infoHashWords,
  size: infoHashWords + peerIdWords,
} as const;
export const membershipWords = membershipField.size;
const first = 2;
const noWords = new Int32Array(0);

/** Empty for a connection that has announced nothing, so that an idle one costs next to nothing. */
export class Memberships {
  count = 0;
  /** Those of number i are words `membershipWords` × i and on; replaced when there is no room. */
  words = noWords;

  /**
   * Adds one that is not there. `isStale` says of one, by its number, that it is another connection's meanwhile or was
   * forgotten: such are left out before more memory is taken.
   */
  add(infoHash: Int32Array, peerId: Int32Array, isStale: (number: number) => boolean): void {
    if ((this.count + 1) * membershipWords > this.words.length) this.#makeRoom(isStale);
    const at = this.count++ * membershipWords;
    for (let i = 0; i < infoHashWords; i++) this.words[at + i] = infoHash[i];
    for (let i = 0; i < peerIdWords; i++) this.words[at + membershipField.peerId + i] = peerId[i];
  }

  clear(): void {
    this.count = 0;
    this.words = noWords;
  }

  remove(infoHash: Int32Array, peerId: Int32Array): void {
    const { words } = this;
    for (let number = this.count - 1; number >= 0; number--) {
      const at = number * membershipWords;
      const isIt =
        isEqual(words, at, infoHash, infoHashWords) &&
        isEqual(words, at + membershipField.peerId, peerId, peerIdWords);
      if (isIt) this.#removeAt(number);
    }
  }

  #removeAt(number: number): void {
    const last = --this.count * membershipWords;
    this.words.copyWithin(number * membershipWords, last, last + membershipWords);
  }

  #makeRoom(isStale: (number: number) => boolean): void {
    const { length } = this.words;
    for (let number = this.count - 1; number >= 0; number--) if (isStale(number)) this.#removeAt(number);
    // Half of it free is enough; else it would be gone through again at once.
    if (this.count * membershipWords * 2 <= length && length > 0) return;
    const larger = new Int32Array(Math.max(first * membershipWords, length * 2));
    larger.set(this.words.subarray(0, this.count * membershipWords));
    this.words = larger;
  }
}

function isEqual(words: Int32Array, at: number, id: Int32Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (words[at + i] !== id[i]) return false;
  return true;
}
