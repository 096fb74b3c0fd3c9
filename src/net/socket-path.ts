// How a socket of the file system is named to the operating system: on Windows as a pipe, elsewhere, where its path is too long
// for an address, through a descriptor of its directory.
//
// Linux takes at most 107 bytes for a name, macOS and the BSDs 103. Chosen over refusing such data directories: a path that is
// legal for every other file should be legal.
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { basename, dirname, win32 } from 'node:path';

/** What fits into a `sockaddr_un`. */
const longestPath = { linux: 107, other: 103 } as const;

/** A name for the socket that fits into an address, good until `release`. */
export interface SocketPath {
  readonly path: string;
  release(): void;
}

/**
 * @throws Error when the directory cannot be opened, or the socket's own name is too long
 */
export function shortSocketPath(path: string, platform = process.platform): SocketPath {
  const as = (name: string): SocketPath => ({ path: name, release: () => {} });
  if (platform === 'win32') return as(pipeName(path));
  const longest = platform === 'linux' ? longestPath.linux : longestPath.other;
  if (path.startsWith('@') || Buffer.byteLength(path) <= longest) return as(path);
  // Where there is no /proc a descriptor has no path.
  if (platform !== 'linux')
    throw new Error(`the path of a socket is too long here (at most ${longest} bytes): ${path}`);
  const directory = openSync(dirname(path), 'r');
  const short = `/proc/self/fd/${directory}/${basename(path)}`;
  const release = () => closeSync(directory);
  if (Buffer.byteLength(short) <= longest) return { path: short, release };
  release();
  throw new Error(`the name of a socket is too long: ${basename(path)}`);
}

/** Whether a name is one of Windows' pipes, which are no files: nothing is left of them, and nothing can be looked at. */
export function isPipe(path: string): boolean {
  return /^\\\\[.?]\\pipe\\/i.test(path);
}

/** The same for every way to write the path, so that a command finds the tracker. Windows compares paths without case. */
function pipeName(path: string): string {
  if (isPipe(path)) return path;
  const whole = win32.resolve(path).toLowerCase();
  return `\\\\.\\pipe\\caracal-${createHash('sha256').update(whole).digest('hex').slice(0, 32)}`;
}
