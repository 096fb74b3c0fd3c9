// How the swarm store is made from the options: its memory, and the secret by which swarms are found in it.
import { maxMemoryLimit } from '../../swarm/layout.ts';
import { SwarmStore } from '../../swarm/swarm-store.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { checkLocksIfAsked } from './attach-store.ts';
import { createSwarmKey, loadSwarmKey } from './swarm-key.ts';

/** @throws StartError when the system does not give the memory */
export function createStore({ memoryLimit, peerTtl, dataDir }: Configuration, log: Log): SwarmStore {
  const hashKey =
    dataDir === undefined ? createSwarmKey() : loadSwarmKey(dataDir, (message) => log.warn(message));
  checkLocksIfAsked(log);
  const [seed] = crypto.getRandomValues(new Int32Array(1));
  try {
    // 4 GiB, which is what an operator writes, is a little more than the store can address.
    return SwarmStore.create({ memoryLimit: Math.min(memoryLimit, maxMemoryLimit), hashKey, peerTtl }, seed);
  } catch (error) {
    throw new StartError(`--memory-limit: cannot reserve the memory: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
