// A list of the swarms of one shard with their counts, for a scrape of everything.
import { infoHashWords } from '../protocol/info-hash.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

/** One swarm as `readShard` writes it. */
export const swarmField = {
  infoHash: 0,
  complete: 5,
  incomplete: 6,
  downloaded: 7,
  downloaders: 8,
  size: 9,
} as const;
/** Words of one swarm. */
export const swarmWords = swarmField.size;

/**
 * The swarms of the shard at word `shard` that have peers; takes its lock. Of connections also those whose peers are all at
 * other machines, whom nothing of it counts.
 */
export function readShard(
  words: Int32Array,
  table: InfoHashTable,
  entries: SwarmEntries,
  shard: number,
): Int32Array {
  lock(words, shard + shardRow.lock);
  try {
    const ofConnections = table.isConnectionShard(shard);
    const most = words[shard + (ofConnections ? shardRow.entries : shardRow.swarms)];
    const swarms = new Int32Array(most * swarmWords);
    let to = 0;
    for (let position = 0; position < table.slots(shard); position++) {
      const entry = table.entryIn(shard, position);
      if (entry === 0 || !(ofConnections || entries.hasPeers(entry))) continue;
      for (let i = 0; i < infoHashWords; i++) swarms[to + i] = words[entry + i];
      swarms[to + swarmField.complete] = entries.complete(entry);
      swarms[to + swarmField.incomplete] = entries.incomplete(entry);
      swarms[to + swarmField.downloaded] = ofConnections ? 0 : entries.downloaded(entry);
      swarms[to + swarmField.downloaders] = swarms[to + swarmField.incomplete] - entries.partial(entry);
      to += swarmWords;
    }
    return swarms;
  } finally {
    unlock(words, shard + shardRow.lock);
  }
}
