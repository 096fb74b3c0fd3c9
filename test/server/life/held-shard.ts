// For `node --import`: a tracker in which one shard is locked for ever, as by a thread that failed in the midst of an announce.
import { isMainThread } from 'node:worker_threads';
import { header, shardRow } from '../../../src/swarm/layout.ts';
import { lock } from '../../../src/swarm/lock.ts';
import { SwarmStore } from '../../../src/swarm/swarm-store.ts';

const { attach } = SwarmStore;
// Only the thread that saves attaches with this seed; before it everything works.
SwarmStore.attach = (buffer, seed) => {
  const words = new Int32Array(buffer);
  if (!isMainThread && seed === 1) lock(words, words[header.shards] + shardRow.lock);
  return attach.call(SwarmStore, buffer, seed);
};
