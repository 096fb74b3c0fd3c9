// How one tracker finds the other when it is to take its place, and when it must not.
import { loadSystemCalls } from '../../net/system-calls.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../usage-error.ts';
import { hasPredecessor, Predecessor } from './predecessor.ts';
import { TakeoverDoor, type TakeoverDoorOptions } from './takeover-door.ts';

/** @throws StartError when a tracker runs on the data directory, and this one shall not take its place */
export function findPredecessor({ dataDir, takeover }: Configuration, log: Log): Predecessor | undefined {
  const { calls } = loadSystemCalls();
  if (dataDir === undefined || !calls) return undefined;
  if (!takeover) {
    if (!hasPredecessor(calls, dataDir)) return undefined;
    throw new StartError(`another tracker runs on --data-dir ${dataDir}; --takeover takes its place`);
  }
  const predecessor = Predecessor.find(calls, dataDir);
  if (predecessor === undefined) log.info('No tracker runs on --data-dir that could be taken over.');
  return predecessor;
}

/** Lets another tracker take this one's place; `undefined` where that cannot be. */
export async function openDoor(
  { dataDir }: Configuration,
  options: Omit<TakeoverDoorOptions, 'calls' | 'directory'>,
): Promise<TakeoverDoor | undefined> {
  const { calls } = loadSystemCalls();
  if (dataDir === undefined || !calls) return undefined;
  try {
    return await TakeoverDoor.open({ ...options, calls, directory: dataDir });
  } catch (error) {
    // A path too long for a socket, or a file system without them: everything else works.
    options.failed(new Error(`no tracker can take this one over: ${(error as Error).message}`));
    return undefined;
  }
}
