// What the permissions of files say on which system, and what a system wants flushed.
import { closeSync, fsyncSync, openSync } from 'node:fs';

/**
 * The bits of `mode` that give others something they should not have. Windows has none of them: there a list beside the file
 * says who may do what, Node shows every file as open to all, and nothing can be judged from that.
 */
export function tooOpen(mode: number, bits: number, platform = process.platform): number {
  return platform === 'win32' ? 0 : mode & bits;
}

/** Has the names in a directory outlive a crash. Windows opens no directories, and keeps their names by itself. */
export function flushDirectory(path: string, platform = process.platform): void {
  if (platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
