// How a secret is kept on disk: for this user alone, and whole or not at all.

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { formatCount } from '../../cli/format-count.ts';
import { flushDirectory, tooOpen } from './file-access.ts';
import { keepAside } from './keep-aside.ts';

/** Written aside, flushed and renamed: a crash leaves the old file or the new one, never half of it. Mode 0600. */
export function writePrivateFile(path: string, contents: Uint8Array): void {
  const aside = `${path}.${process.pid}.new`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = openSync(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(file, contents);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  flushDirectory(dirname(path));
}

/** A secret as it was kept. */
export interface KeptSecret {
  contents: Uint8Array;
  /** Unix time, in seconds. */
  savedAt: number;
}

/**
 * Reads a file that only this user should have written; undefined when there is none. Its mode becomes 0600 where it was
 * wider, which `warn` is told. Throws what reading threw, and when it is a link, no regular file, or of a user who has no
 * say in its directory: whoever put it there would know the secret.
 * @param judgeOnly judges and reads, and leaves the mode as it is
 */
export function readOwnFile(
  path: string,
  warn: (message: string) => void,
  { judgeOnly = false } = {},
): KeptSecret | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new Error(`${path} is a symbolic link, which is not followed: remove it`);
    throw error;
  }
  try {
    const { mode, mtimeMs, uid, isFile } = describe(file);
    if (!isFile) throw new Error(`${path} is not a regular file`);
    const trusted = [0, process.geteuid?.(), statSync(dirname(path)).uid];
    if (!trusted.includes(uid))
      throw new Error(
        `${path} belongs to another user (uid ${uid}), who knows what is in it: remove it or chown it`,
      );
    if (tooOpen(mode, 0o077) !== 0 && !judgeOnly) {
      warn(`${path} could be read by others; its mode is 0600 now`);
      fchmodSync(file, 0o600);
    }
    return { contents: readFileSync(file), savedAt: mtimeMs / 1000 };
  } finally {
    closeSync(file);
  }
}

function describe(file: number) {
  const stats = fstatSync(file);
  return { mode: stats.mode, mtimeMs: stats.mtimeMs, uid: stats.uid, isFile: stats.isFile() };
}

/**
 * Reads a secret of `length` bytes as `readOwnFile` does; undefined for one of another length too, which is kept aside, as
 * `warn` is told: a secret says no version, so it may be another version's.
 */
export function readPrivateFile(
  path: string,
  length: number,
  warn: (message: string) => void,
): KeptSecret | undefined {
  const kept = readOwnFile(path, warn);
  if (kept === undefined || kept.contents.length === length) return kept;
  const bytes = kept.contents.length;
  const { to } = keepAside(path, `of-${bytes}-bytes`);
  warn(
    `${path} holds ${formatCount(bytes, 'byte')} instead of ${length}; made new keys, and it is kept as ${to}`,
  );
  return undefined;
}
