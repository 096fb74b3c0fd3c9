/** Knows SipHash-2-4, the keyed 64-bit hash of short inputs (Aumasson and Bernstein), in 32-bit halves without allocation. */

export class SipHash {
  /** The last hash, as int32 halves. */
  high = 0;
  low = 0;
  readonly #key0Low: number;
  readonly #key0High: number;
  readonly #key1Low: number;
  readonly #key1High: number;

  /** `key` is 16 secret bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`a SipHash key has 16 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key0Low = view.getInt32(0, true);
    this.#key0High = view.getInt32(4, true);
    this.#key1Low = view.getInt32(8, true);
    this.#key1High = view.getInt32(12, true);
  }

  /**
   * Hashes a message into `high` and `low`: `blocks` blocks of two little-endian words each from word `at` of `words` on,
   * and then `rest` (0 to 7) bytes in two numbers, whose other bytes are 0. Each block, and the rest, costs 2 rounds; 4
   * more end it.
   */
  hash(words: Int32Array, at: number, blocks: number, restLow: number, restHigh: number, rest: number): void {
    let v0l = this.#key0Low ^ 0x70736575;
    let v0h = this.#key0High ^ 0x736f6d65;
    let v1l = this.#key1Low ^ 0x6e646f6d;
    let v1h = this.#key1High ^ 0x646f7261;
    let v2l = this.#key0Low ^ 0x6e657261;
    let v2h = this.#key0High ^ 0x6c796765;
    let v3l = this.#key1Low ^ 0x79746573;
    let v3h = this.#key1High ^ 0x74656462;

    // The turn after the last whole block takes what is left and the length; the turn after that finishes.
    for (let block = 0; block <= blocks + 1; block++) {
      let ml = 0;
      let mh = 0;
      let rounds = 2;
      if (block < blocks) {
        ml = words[at + 2 * block];
        mh = words[at + 2 * block + 1];
      } else if (block === blocks) {
        ml = restLow | 0;
        mh = restHigh | ((blocks * 8 + rest) << 24);
      } else {
        v2l ^= 0xff;
        rounds = 4;
      }
      v3l ^= ml;
      v3h ^= mh;

      for (let round = 0; round < rounds; round++) {
        // The carry of a 32-bit sum from the operands' and its own upper bits: half the time of comparing unsigned.
        // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
        let sum = (v0l + v1l) | 0;
        let carry = ((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31;
        v0h = (v0h + v1h + carry) | 0;
        v0l = sum;
        let turned = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = turned ^ v0l;
        turned = v0l;
        v0l = v0h;
        v0h = turned;
        // v2 += v3; v3 <<<= 16; v3 ^= v2
        sum = (v2l + v3l) | 0;
        carry = ((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31;
        v2h = (v2h + v3h + carry) | 0;
        v2l = sum;
        turned = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = turned ^ v2l;
        // v0 += v3; v3 <<<= 21; v3 ^= v0
        sum = (v0l + v3l) | 0;
        carry = ((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31;
        v0h = (v0h + v3h + carry) | 0;
        v0l = sum;
        turned = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = turned ^ v0l;
        // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
        sum = (v2l + v1l) | 0;
        carry = ((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31;
        v2h = (v2h + v1h + carry) | 0;
        v2l = sum;
        turned = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = turned ^ v2l;
        turned = v2l;
        v2l = v2h;
        v2h = turned;
      }
      v0l ^= ml;
      v0h ^= mh;
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}
