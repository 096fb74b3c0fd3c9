// Where the secret keys of UDP connection_ids come from, and how they outlive a restart.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.ts';
import { StartError } from './usage-error.ts';

/** 16 secret bytes each. Ids made with the previous key are still taken. */
export interface ConnectionKeys {
  current: Uint8Array;
  previous: Uint8Array;
}

const keyBytes = 16;
const fileName = 'connection-id.key';
/** A key is replaced at the first start after this time; its ids stay good as long as any, for it becomes the previous one. */
const maxAgeSeconds = 7 * 24 * 3600;

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
  const path = join(directory, fileName);
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
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (bytes.length !== 2 * keyBytes) {
    warn(`${path} holds ${bytes.length} bytes instead of ${2 * keyBytes}; made new keys`);
    return undefined;
  }
  const { mode, mtimeMs } = statSync(path);
  if ((mode & 0o077) !== 0) {
    warn(`${path} could be read by others; its mode is 0600 now`);
    chmodSync(path, 0o600);
  }
  const keys = { current: bytes.subarray(0, keyBytes), previous: bytes.subarray(keyBytes) };
  return { keys, savedAt: mtimeMs / 1000 };
}

function writeKeys(path: string, { current, previous }: ConnectionKeys): void {
  writePrivateFile(path, Buffer.concat([current, previous]));
}
