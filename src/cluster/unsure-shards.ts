// Of which small shards a node cannot say what it had at a place in the row of messages: a bit each, told to all nodes.

const mostBits = 22;
const leastBits = 12;
/** Peers in a small shard, on the mean. */
const usualPeers = 4;
const form = { list: 0, bitmap: 1 } as const;
const headBytes = 2;

export class UnsureShards {
  /** How many bits of a hash name a shard. */
  readonly bits: number;
  readonly #words: Int32Array;

  constructor(bits: number) {
    this.bits = bits;
    this.#words = new Int32Array(1 << (bits - 5));
  }

  /** @param high the upper half of a hash */
  add(high: number): void {
    const shard = high >>> (32 - this.bits);
    this.#words[shard >>> 5] |= 1 << (shard & 31);
  }

  has(shard: number): boolean {
    return (this.#words[shard >>> 5] & (1 << (shard & 31))) !== 0;
  }

  /** Takes over what another node is unsure of; of one that has other shards nothing. */
  addAll(other: UnsureShards): void {
    if (other.bits !== this.bits) return;
    for (let i = 0; i < this.#words.length; i++) this.#words[i] |= other.#words[i];
  }

  get count(): number {
    return this.#words.reduce((sum, word) => sum + bitsIn(word), 0);
  }

  /** The shards, as long as they are few, or else a bit for every shard. */
  encode(): Uint8Array {
    const words = this.#words;
    const { count } = this;
    if (count >= words.length) {
      const bytes = new Uint8Array(headBytes + 4 * words.length);
      bytes.set([this.bits, form.bitmap]);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < words.length; i++) view.setInt32(headBytes + 4 * i, words[i], true);
      return bytes;
    }
    const bytes = new Uint8Array(headBytes + 4 * count);
    bytes.set([this.bits, form.list]);
    const view = new DataView(bytes.buffer);
    let at = headBytes;
    for (let i = 0; i < words.length; i++)
      for (let word = words[i]; word !== 0; word &= word - 1, at += 4)
        view.setUint32(at, 32 * i + 31 - Math.clz32(word & -word), true);
    return bytes;
  }

  /** `undefined` for bytes that are none. */
  static decode(bytes: Uint8Array): UnsureShards | undefined {
    const [bits = 0, as] = bytes;
    const words = (bytes.length - headBytes) / 4;
    if (bits < leastBits || bits > mostBits || !Number.isInteger(words)) return undefined;
    const unsure = new UnsureShards(bits);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (as === form.bitmap) {
      if (words !== unsure.#words.length) return undefined;
      for (let i = 0; i < words; i++) unsure.#words[i] = view.getInt32(headBytes + 4 * i, true);
      return unsure;
    }
    if (as !== form.list || words >= unsure.#words.length) return undefined;
    for (let i = 0; i < words; i++) {
      const shard = view.getUint32(headBytes + 4 * i, true);
      if (shard >= 1 << bits) return undefined;
      unsure.#words[shard >>> 5] |= 1 << (shard & 31);
    }
    return unsure;
  }
}

/** How many bits name a small shard where the largest node has so many peers, or where another node says so. */
export function smallShardBits(peers: number): number {
  return Math.max(leastBits, Math.min(mostBits, Math.ceil(Math.log2(Math.max(1, peers / usualPeers)))));
}

export function isSmallShardBits(bits: unknown): bits is number {
  return Number.isInteger(bits) && Number(bits) >= leastBits && Number(bits) <= mostBits;
}

function bitsIn(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
