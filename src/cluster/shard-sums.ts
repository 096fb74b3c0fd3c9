// What a node has, in so few bytes that all nodes can compare it: of each shard how many items it holds, and the sum of a
// hash of each. Equal shards have equal sums, in whatever order the items were met.
//
// A shard is a share of the hash of peer-hash.ts, so it is the same on all nodes and holds a few dozen peers, whatever the
// swarms are like: what differs is sent whole, and that should not be much. An item is a peer in its role, or how often a
// swarm that has peers was downloaded. When a peer was seen is none: nodes know it to a second or two only, and of one that
// only stays not each time. store-sums.ts says who is counted.

/** More shards than that are never needed: 8 bytes each go to every node every minute. */
const mostBits = 16;
const leastBits = 4;
const usualItems = 16;

export class ShardSums {
  /** How many bits of a hash name a shard. */
  readonly bits: number;
  readonly counts: Int32Array;
  readonly sums: Int32Array;

  constructor(bits = mostBits) {
    this.bits = bits;
    this.counts = new Int32Array(1 << bits);
    this.sums = new Int32Array(1 << bits);
  }

  add(high: number, value: number): void {
    const shard = high >>> (32 - this.bits);
    this.counts[shard]++;
    this.sums[shard] = (this.sums[shard] + value) | 0;
  }

  get items(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The same with fewer shards. */
  folded(bits: number): ShardSums {
    if (bits >= this.bits) return this;
    const folded = new ShardSums(bits);
    const shift = this.bits - bits;
    for (let shard = 0; shard < this.counts.length; shard++) {
      folded.counts[shard >>> shift] += this.counts[shard];
      folded.sums[shard >>> shift] = (folded.sums[shard >>> shift] + this.sums[shard]) | 0;
    }
    return folded;
  }

  /** With as many shards as are worth it for what it holds. */
  fitting(): ShardSums {
    const wanted = Math.ceil(Math.log2(Math.max(1, this.items / usualItems)));
    return this.folded(Math.max(leastBits, Math.min(mostBits, wanted)));
  }

  equals(other: ShardSums, shard: number): boolean {
    return this.counts[shard] === other.counts[shard] && this.sums[shard] === other.sums[shard];
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(1 + 8 * this.counts.length);
    const view = new DataView(bytes.buffer);
    bytes[0] = this.bits;
    for (let shard = 0; shard < this.counts.length; shard++) {
      view.setInt32(1 + 8 * shard, this.counts[shard], true);
      view.setInt32(5 + 8 * shard, this.sums[shard], true);
    }
    return bytes;
  }

  /** `undefined` for bytes that are no sums. */
  static decode(bytes: Uint8Array): ShardSums | undefined {
    const bits = bytes[0] ?? 0;
    if (bits < leastBits || bits > mostBits || bytes.length !== 1 + (8 << bits)) return undefined;
    const sums = new ShardSums(bits);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let shard = 0; shard < sums.counts.length; shard++) {
      sums.counts[shard] = view.getInt32(1 + 8 * shard, true);
      sums.sums[shard] = view.getInt32(5 + 8 * shard, true);
    }
    return sums;
  }
}

/** What each node has to send so that all have the same: the shards of which it is the first, by name, to have them so. */
export function sendersOf(all: ReadonlyMap<string, ShardSums>): Map<string, Set<number>> {
  const bits = Math.min(...[...all.values()].map((sums) => sums.bits));
  const nodes = [...all.keys()].sort();
  const sums = nodes.map((node) => all.get(node)!.folded(bits));
  const senders = new Map<string, Set<number>>();
  for (let shard = 0; shard < 1 << bits; shard++) {
    if (sums.every((one) => one.equals(sums[0], shard))) continue;
    for (const [i, one] of sums.entries()) {
      const isFirst = !sums.slice(0, i).some((before) => before.equals(one, shard));
      if (!isFirst || one.counts[shard] === 0) continue;
      const shards = senders.get(nodes[i]) ?? new Set();
      senders.set(nodes[i], shards.add(shard));
    }
  }
  return senders;
}
