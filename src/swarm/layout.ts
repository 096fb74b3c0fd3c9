// Where everything lies in the store's shared memory. All positions and sizes are in 32-bit words.
//
//   header | class table | chunk table | shards | chunk, chunk, chunk …
//
// There are two shards for each share of the info_hashes: one of the swarms of peers with an endpoint, and as far behind
// all of those one of the swarms of peers that are connections (connection-swarms.ts). Both have the same row.
//
// A chunk is 64 KiB and holds objects of one size class. A reference to an object is its word index, so it stays below
// 2^30 (a small integer for V8) for every memory limit up to 4 GiB; 0 means none, because the header lies there.
// All of it lives and dies with the process; what of it is on disk is said where it stands.
//
// Chosen over keeping more of the hash in a slot (8 bytes a swarm instead of 4) and over doubling a table step by step
// (two to look into); 8,192 shards cost 3.5 % of all answers.

import { entryClass, sizeClasses } from './size-classes.ts';

export const chunkShift = 14;
export const chunkWords = 1 << chunkShift;
export const chunkBytes = chunkWords * 4;

/** The header, at word 0. */
export const header = {
  magic: 0,
  words: 1,
  shardBits: 2,
  /** Number of the first chunk that holds objects, and one past the last. */
  firstChunk: 3,
  endChunk: 4,
  /** Where the shards begin. */
  shards: 5,
  /** Guards the next three. */
  poolLock: 16,
  nextFreshChunk: 17,
  freeChunk: 18,
  chunksInUse: 19,
  /** How often a chunk was taken from the pool or filled up, modulo 2^32: its number in this row tells its age. */
  chunksFilled: 20,
  /** With more chunks in use than this, memory is short, and swarms on probation make room. */
  pressedAbove: 21,
  /** Keys of the keyed hash, two words each and one behind the other: for info_hashes, and for endpoints and peer_ids. */
  hashKey: 32,
  peerKey: 34,
  /** Seconds of one tick of a record's last-seen time, and the age in ticks beyond which a peer is forgotten. */
  secondsPerTick: 36,
  ttlTicks: 37,
  /** Which readers changes are noted for (change-journal.ts): a bit each. */
  journalOpen: 38,
  /** The store's clock (store-clock.ts): when the sweeper's last round began, and how many seconds it is behind. */
  sweptTo: 39,
  secondsSkipped: 40,
  /** Swarms without peers that are kept for their `downloaded` counter, and how many may be. */
  idleSwarms: 48,
  maxIdleSwarms: 49,
  /** Evicted since the start: swarms on probation, their peers, and idle swarms. Doubles, written under `evictLock`. */
  evictedSwarms: 42,
  evictedPeers: 44,
  evictedIdleSwarms: 46,
  /** Guards the next seven: where the pass of eviction stands, which chunks it clears, what it has evicted so far. */
  evictLock: 50,
  evictShard: 51,
  evictPosition: 52,
  evictUpTo: 53,
  evictedInPass: 54,
  evictRestUntil: 55,
  /** Where in a large swarm a slice of eviction ended: which of its sets (0 to 3), and which directory pointer. */
  evictSet: 57,
  evictSetAt: 58,
  /** Guards the next two and `journalNextPages`: the page that is written to, and the readers whose changes found no room. */
  journalLock: 59,
  journalLastPage: 60,
  journalLost: 61,
  /** Pages that the journal has, also those that its reader has taken out; and how many it may have. Atomic. */
  journalPages: 63,
  maxJournalPages: 56,
  /** For each reader of the journal the next page to read; 0 when all are read. */
  journalNextPages: 22,
  /** Ticks of one window (change-journal.ts) in which others are told of a peer that only stays once. */
  refreshTicks: 41,
  size: 64,
} as const;

const headerWidths: Record<string, number> = {
  hashKey: 2,
  peerKey: 2,
  journalNextPages: 2,
  evictedSwarms: 2,
  evictedPeers: 2,
  evictedIdleSwarms: 2,
};
const headerWords = new Map<number, string>();
for (const [name, at] of Object.entries(header)) {
  if (name === 'size') continue;
  for (let word = at; word < at + (headerWidths[name] ?? 1); word++) {
    const other = headerWords.get(word);
    if (other !== undefined) throw new RangeError(`header: ${other} and ${name} share word ${word}`);
    if (word >= header.size) throw new RangeError(`header: ${name} lies behind its end, word ${header.size}`);
    headerWords.set(word, name);
  }
}

export const magic = 0x43524b31;

/** One line of the class table a size class; padded to a cache line so that two classes' locks never share one. */
export const classRow = {
  lock: 0,
  /** The chunks that have room, and those of them that are being emptied: first and last of each list. */
  partialChunk: 1,
  lastPartialChunk: 2,
  emptyingChunk: 3,
  lastEmptyingChunk: 4,
  size: 16,
} as const;

/** One line of the chunk table a chunk. `previous` and `next` link the chunks of one of its class's lists. */
export const chunkRow = {
  /** And `emptyingFlag`. */
  sizeClass: 0,
  used: 1,
  freeObject: 2,
  carved: 3,
  previous: 4,
  next: 5,
  /** Number of the last time that it was taken, or full again of mostly new objects; see chunk-age.ts. */
  filled: 6,
  /** Objects freed since then; no more is counted than a chunk holds. */
  freed: 7,
  size: 8,
} as const;

/** Beside a chunk's size class: its objects are moved to others of the class, and no new one is put there. */
export const emptyingFlag = 0x100;
export const sizeClassMask = 0xff;

/** One line a shard; a cache line, so that two shards' locks never share one. */
export const shardRow = {
  lock: 0,
  table: 1,
  tableBits: 2,
  /** Entries in the table, and those of them that have peers. */
  entries: 3,
  swarms: 4,
  leechers4: 5,
  seeders4: 6,
  leechers6: 7,
  seeders6: 8,
  size: 16,
} as const;

/** A swarm: info_hash, one reference a family, and how often it was downloaded. Half a cache line. */
export const entryField = { infoHash: 0, peers4: 5, peers6: 6, downloaded: 7, size: 8 } as const;

/** The word of an entry that refers to the family's peers: 0 none, positive a block, negative (negated) a large swarm. */
export function familyRefAt(entry: number, family: 4 | 6): number {
  return entry + (family === 4 ? entryField.peers4 : entryField.peers6);
}

/**
 * `downloaded`: bits 0 to 27 count and saturate; bits 28 and 29 say in which scope the swarm's peers are; bit 30 marks a swarm without peers that is kept for this counter;
 * bit 31 a swarm that peers of two networks have been in, which no flood can evict.
 */
export const downloadedMask = 0x0fffffff;
export const scopeShift = 28;
export const scopeMask = 0x30000000;
/** Bits 28 and 29 hold a Scope that all peers share (never bogon), or this. */
export const mixedScopes = 3;
export const idleFlag = 0x40000000;
export const establishedFlag = 0x80000000 | 0;
/**
 * In a swarm of connections the same 28 bits count its peers at other machines (connection-counts.ts), seeders below and
 * leechers above; each saturates.
 */
export const farBits = 14;
export const mostFar = (1 << farBits) - 1;
/** What a snapshot keeps of `downloaded`: these bits are on disk, so who changes them raises `formatVersion`. */
export const savedMask = ~idleFlag;

const allFlags = downloadedMask | scopeMask | idleFlag | establishedFlag;
if (allFlags !== -1 || (downloadedMask & scopeMask) !== 0 || mixedScopes << scopeShift !== scopeMask)
  throw new RangeError('the bits of `downloaded` overlap, or some have no meaning');
if (sizeClasses[entryClass] !== entryField.size) throw new RangeError('an entry has no size class');
if (sizeClasses.some((words) => words > chunkWords)) throw new RangeError('an object is larger than a chunk');

export const classTable = header.size;
export const chunkTable = classTable + sizeClasses.length * classRow.size;

export interface Layout {
  words: number;
  shardBits: number;
  shards: number;
  firstChunk: number;
  endChunk: number;
}

/** Smallest and largest memory limit in bytes that a store can be made with. */
export const minMemoryLimit = 4 * 1024 ** 2;
export const maxMemoryLimit = 4 * 1024 ** 3 - chunkBytes;

/** Bits of a hash that choose a shard, at most. */
export const maxShardBits = 13;
/** At least one shard for so much memory: then its table fits into a chunk. */
const bytesPerShard = 512 * 1024;

/** Divides `memoryLimit` bytes. */
export function layoutFor(memoryLimit: number): Layout {
  if (!(memoryLimit >= minMemoryLimit && memoryLimit <= maxMemoryLimit)) {
    throw new RangeError(
      `memory limit ${memoryLimit} is not within ${minMemoryLimit} to ${maxMemoryLimit} bytes`,
    );
  }
  const endChunk = Math.floor(memoryLimit / chunkBytes);
  const shardBits = shardBitsFor(memoryLimit);
  // Shards begin on a cache line.
  const shards = (chunkTable + endChunk * chunkRow.size + 15) & ~15;
  const firstChunk = Math.ceil((shards + (2 << shardBits) * shardRow.size) / chunkWords);
  return { words: endChunk * chunkWords, shardBits, shards, firstChunk, endChunk };
}

/**
 * Up to eight times as many shards as are needed: a small table is replaced by one of twice the size, under the shard's
 * lock, in a fraction of a millisecond. Beyond 2,048 the shards themselves are one more wait for memory in every announce,
 * and in a small store many small tables leave memory unused.
 */
function shardBitsFor(memoryLimit: number): number {
  const needed = Math.ceil(Math.log2(memoryLimit / bytesPerShard));
  const more = Math.min(3, Math.max(0, needed - 4));
  return Math.min(maxShardBits, Math.max(4, needed, Math.min(11, needed + more)));
}
