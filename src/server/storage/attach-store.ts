// How a thread comes to the swarm store, and that its locks are checked where somebody debugs them.
import { checkStoreLocks } from '../../swarm/lock-ranks.ts';
import { SwarmStore } from '../../swarm/swarm-store.ts';
import type { Log } from '../log/log.ts';

/** Set to 1, every thread throws where it takes the store's locks in a wrong order; each lock then costs many times as much. */
const variable = 'CARACAL_CHECK_LOCKS';

/** The store that the main thread made, for this thread; `seed` starts its choice of peers. */
export function attachStore(buffer: SharedArrayBuffer, seed: number): SwarmStore {
  checkLocksIfAsked();
  return SwarmStore.attach(buffer, seed);
}

/**
 * For the thread that calls it, from here on.
 * @param log of the first thread, which says so
 */
export function checkLocksIfAsked(log?: Log): void {
  if (process.env[variable] !== '1') return;
  checkStoreLocks();
  log?.info(`The order of the store's locks is checked, as ${variable}=1 asks; that is slow.`);
}
