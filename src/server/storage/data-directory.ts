// What --data-dir must be: a directory that this process can write to.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '../usage-error.ts';

/**
 * Makes the directory when only its last part is missing (mode 0700: it holds keys).
 * @throws StartError when it is no directory or cannot be written
 */
export function openDataDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refuse(path, error as Error);
  }
  checkDataDirectory(path);
}

/**
 * The same question without making anything, for `--check`.
 * @throws StartError when the directory, or the one that it would be made in, cannot be written
 */
export function checkDataDirectory(path: string): void {
  try {
    const exists = statSync(path, { throwIfNoEntry: false });
    if (exists !== undefined && !exists.isDirectory()) throw new Error('it is not a directory');
    accessSync(exists === undefined ? dirname(resolve(path)) : path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refuse(path, error as Error);
  }
}

function refuse(path: string, cause: Error): StartError {
  return new StartError(`--data-dir ${path} cannot be written: ${cause.message}`, { cause });
}
