// What --data-dir must be: a directory that this process can write to, and that nobody else can put files into.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '../start-error.ts';
import { tooOpen } from './file-access.ts';

/**
 * Makes the directory when only its last part is missing (mode 0700: it holds keys).
 * @param warn told of what is dangerous but may be meant
 * @throws StartError when it is no directory, cannot be written, or can be written by everybody
 */
export function openDataDirectory(path: string, warn: (message: string) => void): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refuse(path, error as Error);
  }
  checkDataDirectory(path, warn);
}

/**
 * The same question without making anything, for `--check`. A symbolic link is followed: who made it chose the place.
 * @param anyOwner whether it may be another user's, as where root asks for a service that runs as that one
 * @throws StartError when the directory, or the one that it would be made in, cannot be written
 */
export function checkDataDirectory(path: string, warn: (message: string) => void, anyOwner = false): void {
  let exists: ReturnType<typeof statSync>;
  try {
    exists = statSync(path, { throwIfNoEntry: false });
    if (exists !== undefined && !exists.isDirectory()) throw new Error('it is not a directory');
    accessSync(exists === undefined ? dirname(resolve(path)) : path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refuse(path, error as Error);
  }
  if (exists === undefined) return;
  checkMode(path, Number(exists.mode), warn);
  if (!anyOwner) checkOwner(path, Number(exists.uid), warn);
}

/** Who can put files here can give the tracker a key of his own, or have it follow a link of his. */
function checkMode(path: string, mode: number, warn: (message: string) => void): void {
  if (tooOpen(mode, 0o002) !== 0) {
    throw new StartError(
      `--data-dir ${path} can be written by everybody, who could put keys of their own there: chmod o-w ${path}`,
    );
  }
  if (tooOpen(mode, 0o020) !== 0)
    warn(`--data-dir ${path} can be written by its group; chmod 750 keeps its keys safe`);
}

function checkOwner(path: string, owner: number, warn: (message: string) => void): void {
  if (owner !== 0 && owner !== process.geteuid?.())
    warn(`--data-dir ${path} belongs to another user (uid ${owner}), who can read and replace its keys`);
}

function refuse(path: string, cause: Error): StartError {
  return new StartError(`--data-dir ${path} cannot be written: ${cause.message}`, { cause });
}
