// A thread that asks the tracker of a directory for its sockets, says which it was given, and closes them.
import { parentPort, workerData } from 'node:worker_threads';
import { Predecessor } from '../../../src/server/takeover/predecessor.ts';
import { calls } from '../../net/fast-path.ts';

/** `protocol port` of each, or what went wrong. */
export type Found = { sockets: string[] } | { error: string };

function find(directory: string): Found {
  try {
    const { sockets } = Predecessor.find(calls, directory)!;
    const described = sockets.all.map(({ protocol, socket }) => `${protocol} ${socket.port}`);
    sockets.close();
    return { sockets: described };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

parentPort!.postMessage(find(workerData as string));
