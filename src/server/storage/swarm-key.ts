// The secret that orders the swarm store, and why it outlives the process: swarms come back in the order they lay in.
//
// A snapshot holds them in the order of their keyed hashes. Loaded under the same key, each is put beside the one before
// it; under another, every one goes to a random place in memory, which takes about twice as long.
//
// 10 million peers come back in 3.1 s instead of 8.2. What the key protects, aiming at one hash bucket, cannot be seen
// from outside, so it may be kept (0600).
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const keyWords = 4;
export const swarmKeyFile = 'swarm-store.key';

/** A key that dies with this process: four words. */
export function createSwarmKey(): Int32Array<ArrayBuffer> {
  return crypto.getRandomValues(new Int32Array(keyWords));
}

/**
 * The key kept in `directory`, made there when there is none.
 * @param warn is told when a kept file could not be used as it was
 * @throws StartError when the file can be neither read nor written
 */
export function loadSwarmKey(directory: string, warn: (message: string) => void): Int32Array<ArrayBuffer> {
  const path = join(directory, swarmKeyFile);
  try {
    const kept = readPrivateFile(path, keyWords * 4, warn);
    if (kept !== undefined) return new Int32Array(Uint8Array.from(kept.contents).buffer);
    const key = createSwarmKey();
    writePrivateFile(path, new Uint8Array(key.buffer));
    return key;
  } catch (error) {
    throw new StartError(`--data-dir: ${(error as Error).message}`, { cause: error });
  }
}
