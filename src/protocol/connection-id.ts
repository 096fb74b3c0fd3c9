/** Knows how a UDP connection_id (BEP 15) proves that a client receives at its address, with nothing stored per client. */
import { SipHash } from './siphash.ts';
import { stepsSince } from './wrapped-time.ts';

/** An epoch is 64 seconds. An id is good for the epoch it was made in and the two after it. */
export const epochShift = 6;
/** See `epochShift`. */
export const acceptedEpochs = 3;
// Of those that the two lowest bits of an id tell apart, one is left: a clock may be ahead, see `share`.
if (acceptedEpochs >= 1 << 2) throw new RangeError('an id is taken for longer than its two bits can say');

/**
 * Issues and checks connection_ids: 62 bits of SipHash-2-4 over the client's address and an epoch, and in the two
 * lowest bits the epoch's own lowest bits, so that one MAC decides instead of one for each epoch that may be meant. The
 * first half is never 0 to 3, which would make a request look like a tracker's answer.
 * An id is valid for at least 128 and at most 192 s. One instance per thread; threads with the same key agree.
 */
export class ConnectionIds {
  /** The id last issued, as int32 halves. */
  high = 0;
  /** The second half. */
  low = 0;
  #mac: SipHash;
  #previousMac: SipHash | undefined;
  /** Seconds by which the epochs are ahead of the clock that is passed in. */
  #ahead = 0;
  #isShared = false;

  /** Keys are 16 secret bytes each; ids made with the previous one are still taken. */
  constructor(key: Uint8Array, previousKey?: Uint8Array) {
    this.#mac = new SipHash(key);
    this.#previousMac = previousKey && new SipHash(previousKey);
  }

  /**
   * From here on these keys, which other machines have too: their clocks begin somewhere else, so `aheadSeconds` are added
   * to this one's, and ids of an epoch that begins just now are good before it does.
   */
  share(key: Uint8Array, previousKey: Uint8Array, aheadSeconds: number): void {
    this.#mac = new SipHash(key);
    this.#previousMac = new SipHash(previousKey);
    this.#ahead = aheadSeconds;
    this.#isShared = true;
  }

  /**
   * Makes the id for a client into `high` and `low`. The address is 1 or 4 little-endian words from `at` on; the port
   * does not count, as some clients change it. `nowSeconds` is whole seconds of any clock that all threads and restarts share.
   */
  issue(family: 4 | 6, words: Int32Array, at: number, nowSeconds: number): void {
    const epoch = (nowSeconds + this.#ahead) >>> epochShift;
    this.#hash(this.#mac, family, words, at, epoch);
    this.high = apartFromActions(this.#mac.high);
    this.low = (this.#mac.low & ~3) | (epoch & 3);
  }

  /** Whether the id, as int32 halves, was issued to this address and is still good. */
  matches(
    family: 4 | 6,
    words: Int32Array,
    at: number,
    nowSeconds: number,
    high: number,
    low: number,
  ): boolean {
    const epoch = (nowSeconds + this.#ahead) >>> epochShift;
    let age = stepsSince(low, epoch, 3);
    if (age >= acceptedEpochs) {
      if (!this.#isShared) return false;
      age = -1;
    }
    if (this.#agrees(this.#mac, family, words, at, epoch - age, high, low)) return true;
    return (
      this.#previousMac !== undefined &&
      this.#agrees(this.#previousMac, family, words, at, epoch - age, high, low)
    );
  }

  #agrees(
    mac: SipHash,
    family: 4 | 6,
    words: Int32Array,
    at: number,
    epoch: number,
    high: number,
    low: number,
  ): boolean {
    this.#hash(mac, family, words, at, epoch);
    // All bits at once: how long it takes tells nothing about how many were right.
    return ((apartFromActions(mac.high) ^ high) | ((mac.low ^ low) & ~3)) === 0;
  }

  /** The address and 3 bytes of epoch, which for IPv4 fit one block. The epoch wraps after 34 years. */
  #hash(mac: SipHash, family: 4 | 6, words: Int32Array, at: number, epoch: number): void {
    const epochBytes = epoch & 0xffffff;
    if (family === 4) mac.hash(words, at, 0, words[at], epochBytes, 7);
    else mac.hash(words, at, 2, epochBytes, 0, 3);
  }
}

function apartFromActions(high: number): number {
  return high >>> 2 === 0 ? ~high : high;
}
