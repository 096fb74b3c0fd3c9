// Whether the socket that --admin-socket asks for could be opened.
import { accessSync, constants, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { isPipe, shortSocketPath } from '../../net/socket-path.ts';
import type { Configuration } from '../options/configuration.ts';
import type { Finding } from './finding.ts';

/** Undefined where the options do not ask for one: the one in the data directory is a convenience. */
export async function probeAdminSocket({ adminSocket }: Configuration): Promise<Finding | undefined> {
  if (adminSocket === undefined) return undefined;
  try {
    const { path, release } = shortSocketPath(adminSocket);
    try {
      // Nobody else's is in the way: it is named after this place alone.
      if (isPipe(path)) return { level: 'ok', text: `admin socket ${adminSocket} is the pipe ${path}` };
      accessSync(dirname(path), constants.W_OK | constants.X_OK);
      const there = statSync(path, { throwIfNoEntry: false });
      if (there !== undefined && !there.isSocket()) throw new Error('there is a file that is no socket');
      if (there !== undefined && (await isAlive(path))) throw new Error('somebody else listens there');
    } finally {
      release();
    }
    return { level: 'ok', text: `admin socket ${adminSocket} can be made` };
  } catch (error) {
    return {
      level: 'error',
      text: `--admin-socket ${adminSocket} cannot be opened: ${(error as Error).message}`,
    };
  }
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
