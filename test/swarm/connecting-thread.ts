// A thread of the store's own test: announces peers over connections to swarms that all threads share, then stops half.
import { workerData } from 'node:worker_threads';
import {
  ConnectionVisit,
  holderField,
  placeOf,
  threadOf,
  Visited,
} from '../../src/swarm/connection-visit.ts';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';

checkStoreLocks();
const { buffer, number, peers } = workerData as { buffer: SharedArrayBuffer; number: number; peers: number };
const store = SwarmStore.attach(buffer, number + 1);
const visit = new ConnectionVisit();
for (const round of [0, 1, 2]) {
  for (let i = 0; i < peers; i++) {
    if (round === 2 && i % 2 === 1) continue;
    visit.infoHash.fill((i >> 1) % 10);
    visit.peerId.fill(number * peers + i);
    visit.place = placeOf(number, i);
    visit.seeding = round === 1 && i % 3 === 0;
    if (round === 2) {
      if (!store.connections.stop(visit)) throw new Error('not there');
      continue;
    }
    const visited = store.connections.announce(visit, 10, 1);
    if (visited !== (round === 0 ? Visited.joined : Visited.renewed)) throw new Error(`visited ${visited}`);
    if (!store.connections.find(visit)) throw new Error('not found');
    if (threadOf(visit.holder[holderField.place]) !== number) throw new Error('held by another thread');
  }
}
