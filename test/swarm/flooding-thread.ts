// A thread of the eviction test: announces one peer each to many swarms that nobody else knows.
import { workerData } from 'node:worker_threads';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { Visit } from './visit.ts';

checkStoreLocks();
const { buffer, first, swarms } = workerData as { buffer: SharedArrayBuffer; first: number; swarms: number };
const store = SwarmStore.attach(buffer, first + 1);
const visit = new Visit();
visit.outPeerIds = undefined;
for (let n = 0; n < swarms; n++) {
  visit.setSwarm(first + n).address[0] = 11 | (n << 8);
  if (!store.announce(visit, 20, 1)) throw new Error(`full after ${n}`);
}
