// A list of the swarms of one shard with their counts, for a scrape of everything.
import type { InfoHashTable } from './info-hash-table.ts';
import { shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

/** Words of one swarm as `readShard` writes it: info_hash, complete, incomplete, downloaded, downloaders. */
export const swarmWords = 9;

/** The swarms of the shard at word `shard` that have peers; takes its lock. */
export function readShard(
  words: Int32Array,
  table: InfoHashTable,
  entries: SwarmEntries,
  shard: number,
): Int32Array {
  lock(words, shard + shardRow.lock);
  try {
    const swarms = new Int32Array(words[shard + shardRow.swarms]! * swarmWords);
    let to = 0;
    for (let position = 0; position < table.slots(shard); position++) {
      const entry = table.entryIn(shard, position);
      if (entry === 0 || !entries.hasPeers(entry)) continue;
      for (let i = 0; i < 5; i++) swarms[to + i] = words[entry + i]!;
      swarms[to + 5] = entries.complete(entry);
      swarms[to + 6] = entries.incomplete(entry);
      swarms[to + 7] = entries.downloaded(entry);
      swarms[to + 8] = swarms[to + 6]! - entries.partial(entry);
      to += swarmWords;
    }
    return swarms;
  } finally {
    unlock(words, shard + shardRow.lock);
  }
}
