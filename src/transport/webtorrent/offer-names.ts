// What stands for an offer on its way: 64 bits that only the tracker can reckon.
import { infoHashWords } from '../../protocol/info-hash.ts';
import { peerIdWords } from '../../protocol/peer-id.ts';
import { idBytes } from '../../protocol/webtorrent-message.ts';
import { keyedHash } from '../../tracker/connection-peers.ts';

export interface OfferName {
  low: number;
  high: number;
}

/** What is hashed; `place` and `generation` say which connection the offer goes to. Offsets in words. */
const named = { infoHash: 0, offerer: 5, offerId: 10, place: 15, generation: 16, size: 17 } as const;
const nameWords = named.size;
const lastWord = (nameWords * 4) << 24;
if (
  named.offerer !== infoHashWords ||
  named.offerId !== named.offerer + peerIdWords ||
  named.place * 4 !== named.offerId * 4 + idBytes
)
  throw new RangeError('what names an offer overlaps, or leaves a gap');

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
    for (let i = 0; i < infoHashWords; i++) words[i] = infoHash[i];
    for (let i = 0; i < peerIdWords; i++) words[named.offerer + i] = offerer[i];
    for (let i = 0; i < idBytes; i++) this.#bytes[named.offerId * 4 + i] = offerIds[offerIdAt + i];
    words[named.place] = place;
    words[named.generation] = generation;
    const name = this.#name;
    name.low = keyedHash(this.#key0, this.#key1, words, 0, nameWords, lastWord);
    name.high = keyedHash(this.#key1, this.#key0, words, 0, nameWords, lastWord);
    return name;
  }
}
