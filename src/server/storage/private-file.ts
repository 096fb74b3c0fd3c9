// How a secret is kept on disk: for this user alone, and whole or not at all.
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { keepAside } from './keep-aside.ts';

/** Written aside, flushed and renamed: a crash leaves the old file or the new one, never half of it. Mode 0600. */
export function writePrivateFile(path: string, contents: Uint8Array): void {
  const aside = `${path}.${process.pid}.new`;
  const file = openSync(aside, 'w', 0o600);
  try {
    writeSync(file, contents);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** A secret as it was kept. */
export interface KeptSecret {
  contents: Uint8Array;
  /** Unix time, in seconds. */
  savedAt: number;
}

/**
 * Reads a secret of `length` bytes; undefined when there is none, or one of another length, which is kept aside, as `warn`
 * is told: a secret says no version, so it may be another version's. Its mode becomes 0600 where it was wider, which `warn` is told too. Throws what reading threw.
 */
export function readPrivateFile(
  path: string,
  length: number,
  warn: (message: string) => void,
): KeptSecret | undefined {
  let contents: Buffer;
  try {
    contents = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (contents.length !== length) {
    const { to } = keepAside(path, `of-${contents.length}-bytes`);
    warn(
      `${path} holds ${contents.length} bytes instead of ${length}; made new keys, and it is kept as ${to}`,
    );
    return undefined;
  }
  const { mode, mtimeMs } = statSync(path);
  if ((mode & 0o077) !== 0) {
    warn(`${path} could be read by others; its mode is 0600 now`);
    chmodSync(path, 0o600);
  }
  return { contents, savedAt: mtimeMs / 1000 };
}
