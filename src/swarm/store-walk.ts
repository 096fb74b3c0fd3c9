// Reading the whole store in slices: which swarms there are and who is in them, for whoever draws statistics from it.
//
// A slice holds one shard's lock while it copies about a thousand peers, well under a millisecond. Between slices the
// store changes: a peer that moves meanwhile may be met twice or not at all, which statistics can bear.
//
// Of a large store a sample says as much as all of it. A swarm costs two waits for main memory, its entry and its peers;
// the entry alone tells whether it is large (more than 128 peers of a family). So a sample is all large swarms with one
// block of their peers in n, and of the others those in one shard in n, which the keyed hash makes a fair choice.
//
// A full walk of ten million peers took 2.4 s, or 10 minutes at 4 ms a second; a sample takes 0.2 s. Fetching ahead, as
// announces do, gained less than half.

import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { leechersIn, peerIdAt, peersIn, recordAt } from './block.ts';
import { holderField } from './connection-visit.ts';
import type { FamilyPeers } from './family-peers.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { setOf } from './large-swarm.ts';
import { entryField, familyRefAt, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { largestBlockPeers } from './size-classes.ts';
import type { SwarmEntries } from './swarm-entries.ts';

/** One swarm in a slice; `standsFor` says how many swarms of the store. */
export const walkedSwarm = {
  infoHash: 0,
  complete: 5,
  incomplete: 6,
  downloaded: 7,
  standsFor: 8,
  size: 9,
} as const;
export const walkedSwarmWords = walkedSwarm.size;
/** One peer in a slice: family | flags | port << 16, four words for the address, the peer_id's first 8 bytes. */
export const walkedPeer = { head: 0, address: 1, peerId: 5, size: 7 } as const;
export const walkedPeerWords = walkedPeer.size;
/** In a peer's first word, beside the family (4 or 6) in the low byte. */
export const walkedSeeder = 0x100;
/** The same, for a peer that is a connection: port and peer_id are 0, and of an IPv6 address two words are known. */
export const walkedConnection = 0x200;

const recordsPerSlice = 1024;
/** Of one swarm that is read alone: of each family's leechers and seeders, or of a block that holds both. */
const recordsPerRole = 256;
/** What looking at a block's head costs, in copied records. */
const blockCost = 4;
/** Roles of both families and of connections. */
const roles = 6;
/** The largest block is read whole. */
const peerRoom = Math.max(recordsPerSlice, roles * recordsPerRole) + largestBlockPeers;

/** What one slice found; the arrays are reused for the next one. */
export class WalkSlice {
  readonly swarms = new Int32Array(recordsPerSlice * walkedSwarmWords);
  swarmCount = 0;
  readonly peers = new Int32Array(peerRoom * walkedPeerWords);
  peerCount = 0;
  /** Of a swarm that was read alone, peers that are connections; they are in no other count. */
  connectionSeeders = 0;
  connectionLeechers = 0;
}

export class StoreWalk {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  #shard = 0;
  #position = 0;
  /** Within the entry at `#position`: which part (a family's role, 0 to 3) and which directory entry of its set. */
  #part = 0;
  #at = 0;
  #partOf = 0;
  #round = 0;
  #every = 1;
  /** This shard's small swarms belong to the sample. */
  #sampled = true;
  /** The entry's peers are connections. */
  #connections = false;
  /** Blocks of large swarms to come before one is copied again. */
  #skip = 0;
  /** What this slice may still cost, in records. */
  #left = 0;

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
  }

  /**
   * Reads on; true when that ended a round over the whole store, and the next call begins a new one, with another
   * sample. `every` is the same for a whole round: each peer stands for so many; 1 reads everything.
   */
  read(slice: WalkSlice, every = 1): boolean {
    slice.swarmCount = slice.peerCount = 0;
    this.#every = every;
    this.#left = recordsPerSlice;
    this.#sampled = (this.#shard + this.#round) % every === 0;
    const shard = this.#table.shardAt(this.#shard);
    lock(this.#words, shard + shardRow.lock);
    try {
      const slots = this.#table.slots(shard);
      for (; this.#left > 0 && this.#position < slots; this.#left--) {
        if (!this.#sampled && !this.#findLarge(shard, slots)) break;
        const entry = this.#table.entryIn(shard, this.#position);
        if (entry !== 0 && this.#entries.hasPeers(entry) && !this.#readEntry(entry, slice)) return false;
        this.#position++;
      }
      if (this.#position < slots) return false;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    this.#position = 0;
    this.#shard = (this.#shard + 1) % this.#table.shardCount;
    if (this.#shard !== 0) return false;
    this.#round++;
    return true;
  }

  /**
   * Reads one swarm, and of each family's seeders and leechers, and of those that are connections, the first few hundred, so that
   * a crowd of one kind does not hide the other; false when it has none. Ends a round that was under way, so it wants a
   * `StoreWalk` of its own. `slice.swarmCount` is 0 when only connections are known.
   */
  readSwarm(infoHash: Int32Array, at: number, slice: WalkSlice): boolean {
    slice.swarmCount = slice.peerCount = this.#partOf = 0;
    slice.connectionSeeders = slice.connectionLeechers = 0;
    this.#every = 1;
    this.#sampled = true;
    const hash = this.#table.hash(infoHash, at);
    const has = this.#visit(this.#table.shardOf(hash), hash, infoHash, at, (entry) => {
      this.#copySwarm(entry, slice);
      this.#readShares(entry, 4, slice);
      this.#readShares(entry, 6, slice);
    });
    const hasConnections = this.#visit(this.#table.connectionShardOf(hash), hash, infoHash, at, (entry) => {
      slice.connectionSeeders = this.#entries.complete(entry);
      slice.connectionLeechers = this.#entries.incomplete(entry);
      this.#connections = true;
      this.#readShares(entry, 6, slice);
      this.#connections = false;
    });
    return has || hasConnections;
  }

  /** Reads an entry, also one that is kept for its counter alone; true when it has peers. */
  #visit(
    shard: number,
    hash: number,
    infoHash: Int32Array,
    at: number,
    read: (entry: number) => void,
  ): boolean {
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, at);
      if (entry === 0) return false;
      read(entry);
      return this.#entries.hasPeers(entry);
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  /** Goes on to the next large swarm; false when there is none, or the slice has cost enough. */
  #findLarge(shard: number, slots: number): boolean {
    for (; this.#position < slots && this.#left > 0; this.#position++, this.#left--) {
      const entry = this.#table.entryIn(shard, this.#position);
      if (entry !== 0 && this.#isLarge(entry)) return true;
    }
    return false;
  }

  /** Whether the swarm's peers of either family have outgrown one block. */
  #isLarge(entry: number): boolean {
    return this.#words[entry + entryField.peers4] < 0 || this.#words[entry + entryField.peers6] < 0;
  }

  /** False when the slice is full before the swarm's last peer. */
  #readEntry(entry: number, slice: WalkSlice): boolean {
    if (this.#partOf !== entry) {
      this.#partOf = entry;
      this.#part = this.#at = 0;
      this.#copySwarm(entry, slice);
    }
    for (; this.#part < 4; this.#part++, this.#at = 0) {
      const family = this.#part < 2 ? 4 : 6;
      const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
      const refAt = familyRefAt(entry, family);
      const ref = this.#words[refAt];
      if (ref > 0) {
        // A block holds both roles.
        if ((this.#part & 1) === 1) continue;
        if (this.#left <= 0) return false;
        this.#left -= blockCost;
        this.#copyBlock(ref, family, leechersIn(this.#words, ref), peers, slice);
      } else if (ref < 0 && !this.#readSet(setOf(ref, (this.#part & 1) === 1), family, peers, slice)) {
        return false;
      }
    }
    this.#partOf = 0;
    return true;
  }

  /** Copies a few peers of each role. */
  #readShares(entry: number, family: 4 | 6, slice: WalkSlice): void {
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const ref = this.#words[familyRefAt(entry, family)];
    if (ref > 0) {
      this.#left = recordsPerRole;
      this.#copyBlock(ref, family, leechersIn(this.#words, ref), peers, slice);
    }
    if (ref >= 0) return;
    for (this.#part = 0; this.#part < 2; this.#part++) {
      this.#at = 0;
      this.#left = recordsPerRole;
      this.#readSet(setOf(ref, this.#part === 1), family, peers, slice);
    }
  }

  #readSet(set: number, family: 4 | 6, peers: FamilyPeers, slice: WalkSlice): boolean {
    while (this.#at < peers.sets.sizeOf(set)) {
      if (this.#left <= 0) return false;
      const block = peers.sets.blockAt(set, this.#at);
      this.#left -= blockCost;
      if (--this.#skip <= 0) {
        this.#skip = this.#every;
        this.#copyBlock(block, family, (this.#part & 1) === 1 ? 0 : largestBlockPeers, peers, slice);
      }
      const span = peers.sets.spanOf(set, block);
      this.#at = (this.#at & ~(span - 1)) + span;
    }
    return true;
  }

  #copySwarm(entry: number, slice: WalkSlice): void {
    const to = slice.swarmCount++ * walkedSwarmWords;
    for (let i = 0; i < infoHashWords; i++) slice.swarms[to + i] = this.#words[entry + i];
    slice.swarms[to + walkedSwarm.complete] = this.#entries.complete(entry);
    slice.swarms[to + walkedSwarm.incomplete] = this.#entries.incomplete(entry);
    slice.swarms[to + walkedSwarm.downloaded] = this.#entries.downloaded(entry);
    slice.swarms[to + walkedSwarm.standsFor] = this.#isLarge(entry) ? 1 : this.#every;
  }

  /** Records from index `seedersFrom` on are seeders. */
  #copyBlock(
    block: number,
    family: 4 | 6,
    seedersFrom: number,
    { stride }: FamilyPeers,
    slice: WalkSlice,
  ): void {
    const words = this.#words;
    const count = Math.min(peersIn(words, block), peerRoom - slice.peerCount);
    let id = peerIdAt(words, block, stride, 0);
    let at = recordAt(block, stride, 0);
    let to = slice.peerCount * walkedPeerWords;
    for (let i = 0; i < count; i++, id += peerIdWords, at += stride, to += walkedPeerWords) {
      const role = i >= seedersFrom ? walkedSeeder : 0;
      if (this.#connections) this.#copyHolder(id, role, to, slice);
      else this.#copyPeer(at, id, stride, family | role, to, slice);
    }
    slice.peerCount += count;
    this.#left -= count;
  }

  #copyPeer(at: number, id: number, stride: number, head: number, to: number, { peers }: WalkSlice): void {
    const words = this.#words;
    const wirePort = words[at + stride - 1];
    const port = ((wirePort & 0xff) << 8) | ((wirePort >>> 8) & 0xff);
    peers[to + walkedPeer.head] = head | (port << 16);
    for (let word = 0; word < stride - 1; word++) peers[to + walkedPeer.address + word] = words[at + word];
    peers[to + walkedPeer.peerId] = words[id];
    peers[to + walkedPeer.peerId + 1] = words[id + 1];
  }

  /** Of who holds the connection, which stands where other peers have their peer_id. */
  #copyHolder(holder: number, role: number, to: number, { peers }: WalkSlice): void {
    const words = this.#words;
    peers.fill(0, to, to + walkedPeerWords);
    peers[to + walkedPeer.head] = words[holder + holderField.family] | role | walkedConnection;
    peers[to + walkedPeer.address] = words[holder + holderField.address];
    peers[to + walkedPeer.address + 1] = words[holder + holderField.address + 1];
  }
}
