// Where the secret keys of UDP connection_ids come from, and how they outlive a restart.
//
// The key is replaced at a start when its file is older than seven days, and the one before stays accepted: a new one
// at each start would forget live ids after two quick restarts.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/** 16 secret bytes each. Ids made with the previous key are still taken. */
export interface ConnectionKeys {
  current: Uint8Array;
  previous: Uint8Array;
}

const keyBytes = 16;
export const connectionKeyFile = 'connection-id.key';
/** A key is replaced at the first start after this time; its ids stay good as long as any, for it becomes the previous one. */
const maxAgeSeconds = 7 * 24 * 3600;

/**
 * The keys that the options ask for: kept ones with --data-dir.
 * @throws StartError
 */
export function openConnectionKeys({ dataDir }: Configuration, log: Log): ConnectionKeys {
  if (dataDir === undefined) return createConnectionKeys();
  return loadConnectionKeys(dataDir, Date.now() / 1000, (message) => log.warn(message));
}

/** Keys that die with this process. */
export function createConnectionKeys(): ConnectionKeys {
  return { current: randomBytes(keyBytes), previous: randomBytes(keyBytes) };
}

/**
 * The keys kept in `directory` (32 bytes: current, previous), made there when there are none.
 * @param nowSeconds Unix time, to judge the file's age
 * @param warn is told when a kept file could not be used as it was
 * @throws StartError when the file can be neither read nor written
 */
export function loadConnectionKeys(
  directory: string,
  nowSeconds: number,
  warn: (message: string) => void,
): ConnectionKeys {
  const path = join(directory, connectionKeyFile);
  try {
    const kept = readKeys(path, warn);
    if (kept !== undefined && nowSeconds - kept.savedAt < maxAgeSeconds) return kept.keys;
    const keys = createConnectionKeys();
    if (kept !== undefined) keys.previous = kept.keys.current;
    writeKeys(path, keys);
    return keys;
  } catch (error) {
    throw new StartError(`--data-dir: ${(error as Error).message}`, { cause: error });
  }
}

function readKeys(path: string, warn: (message: string) => void) {
  const kept = readPrivateFile(path, 2 * keyBytes, warn);
  if (kept === undefined) return undefined;
  const { contents, savedAt } = kept;
  return {
    keys: { current: contents.subarray(0, keyBytes), previous: contents.subarray(keyBytes) },
    savedAt,
  };
}

function writeKeys(path: string, { current, previous }: ConnectionKeys): void {
  writePrivateFile(path, Buffer.concat([current, previous]));
}
