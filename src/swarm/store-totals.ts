// What the store holds in all, added up from the shards.

import type { InfoHashTable } from './info-hash-table.ts';
import { chunkWords, header, shardRow } from './layout.ts';
import type { SlabAllocator } from './slab-allocator.ts';
import { wideCounter } from './wide-counter.ts';

/** Totals over all swarms that have peers. */
export interface StoreTotals {
  swarms: number;
  leechers4: number;
  seeders4: number;
  leechers6: number;
  seeders6: number;
  /** The same of peers that are connections; a torrent may have a swarm of both kinds. */
  connectionSwarms: number;
  connectionLeechers: number;
  connectionSeeders: number;
  /** Bytes of memory that hold something, and the limit. */
  bytesInUse: number;
  memoryLimit: number;
  /** Gone since the start because memory was short: swarms on probation, their peers, and idle swarms. */
  evictedSwarms: number;
  evictedPeers: number;
  evictedIdleSwarms: number;
}

/** Read without locks, so they may be a moment apart. */
export function readTotals(words: Int32Array, table: InfoHashTable, allocator: SlabAllocator): StoreTotals {
  const totals: StoreTotals = {
    swarms: 0,
    leechers4: 0,
    seeders4: 0,
    leechers6: 0,
    seeders6: 0,
    connectionSwarms: 0,
    connectionLeechers: 0,
    connectionSeeders: 0,
    bytesInUse: words[header.firstChunk] * chunkWords * 4 + allocator.bytesInUse(),
    memoryLimit: words[header.words] * 4,
    evictedSwarms: wideCounter(words, header.evictedSwarms)[0],
    evictedPeers: wideCounter(words, header.evictedPeers)[0],
    evictedIdleSwarms: wideCounter(words, header.evictedIdleSwarms)[0],
  };
  for (let index = 0; index < table.shardCount; index++) {
    const shard = table.shardAt(index);
    totals.swarms += words[shard + shardRow.swarms];
    totals.leechers4 += words[shard + shardRow.leechers4];
    totals.seeders4 += words[shard + shardRow.seeders4];
    totals.leechers6 += words[shard + shardRow.leechers6];
    totals.seeders6 += words[shard + shardRow.seeders6];
    const connections = table.shardAt(table.shardCount + index);
    totals.connectionSwarms += words[connections + shardRow.swarms];
    totals.connectionLeechers += words[connections + shardRow.leechers6];
    totals.connectionSeeders += words[connections + shardRow.seeders6];
  }
  return totals;
}
