// What stands for an offer on its way: 64 bits that only the tracker can reckon.
import { keyedHash } from '../../tracker/connection-peers.ts';

export interface OfferName {
  low: number;
  high: number;
}

/** info_hash, the offerer's peer_id, offer_id, and the connection that it goes to. */
const nameWords = 17;
const lastWord = (nameWords * 4) << 24;

export class OfferNames {
  readonly #key0: number;
  readonly #key1: number;
  readonly #words = new Int32Array(nameWords);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #name: OfferName = { low: 0, high: 0 };

  /** Two random words. */
  constructor(key: Int32Array) {
    [this.#key0, this.#key1] = key;
  }

  /** The same object each time. */
  nameOf(
    infoHash: Int32Array,
    offerer: Int32Array,
    offerIds: Uint8Array,
    offerIdAt: number,
    place: number,
    generation: number,
  ): OfferName {
    const words = this.#words;
    for (let i = 0; i < 5; i++) {
      words[i] = infoHash[i];
      words[5 + i] = offerer[i];
    }
    for (let i = 0; i < 20; i++) this.#bytes[40 + i] = offerIds[offerIdAt + i];
    words[15] = place;
    words[16] = generation;
    const name = this.#name;
    name.low = keyedHash(this.#key0, this.#key1, words, 0, nameWords, lastWord);
    name.high = keyedHash(this.#key1, this.#key0, words, 0, nameWords, lastWord);
    return name;
  }
}
