// Which lock of the store's memory lies where: what lock.ts, which knows only words, is told to check the order.

import { chunkTable, classTable, header } from './layout.ts';
import { checkLockOrder, LockRank } from './lock.ts';

function rankOf(words: Int32Array, at: number): LockRank {
  if (at === header.evictLock) return LockRank.evict;
  if (at === header.journalLock) return LockRank.journal;
  if (at === header.poolLock) return LockRank.pool;
  if (at >= classTable && at < chunkTable) return LockRank.sizeClass;
  if (at >= words[header.shards]) return LockRank.shard;
  throw new RangeError(`word ${at} is no lock`);
}

/** Has this thread's use of the locks of every store checked from here on; for tests and debugging. */
export function checkStoreLocks(): void {
  checkLockOrder(rankOf);
}
