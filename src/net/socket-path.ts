// How a UNIX socket is named whose path is too long for an address: through a descriptor of its directory.
//
// The system takes at most 107 bytes for a name. Chosen over refusing such data directories: a path that is legal for
// every other file should be legal.
import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What fits into a `sockaddr_un`. */
const longestPath = 107;

/** A name for the socket that fits into an address, good until `release`. */
export interface SocketPath {
  readonly path: string;
  release(): void;
}

/**
 * @throws Error when the directory cannot be opened, or the socket's own name is too long
 */
export function shortSocketPath(path: string): SocketPath {
  if (path.startsWith('@') || Buffer.byteLength(path) <= longestPath) return { path, release: () => {} };
  const directory = openSync(dirname(path), 'r');
  const short = `/proc/self/fd/${directory}/${basename(path)}`;
  const release = () => closeSync(directory);
  if (Buffer.byteLength(short) <= longestPath) return { path: short, release };
  release();
  throw new Error(`the name of a socket is too long: ${basename(path)}`);
}
