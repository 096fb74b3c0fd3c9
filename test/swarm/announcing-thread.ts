// A thread of the store's own test: announces its peers to ten swarms all threads share, then stops half of them.
import { workerData } from 'node:worker_threads';
import { Event } from '../../src/protocol/event.ts';
import { checkStoreLocks } from '../../src/swarm/lock-ranks.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { Visit } from './visit.ts';

checkStoreLocks();
const { buffer, number, peers } = workerData as { buffer: SharedArrayBuffer; number: number; peers: number };
const store = SwarmStore.attach(buffer, number + 1);
const visit = new Visit();
visit.outPeerIds = undefined;
for (const event of [Event.started, Event.none, Event.stopped]) {
  visit.event = event;
  for (let i = 0; i < peers; i++) {
    if (event === Event.stopped && i % 2 === 1) continue;
    visit.setSwarm((i >> 1) % 10).setPeer(4, number * peers + i).seeding =
      event === Event.none && i % 3 === 0;
    if (!store.announce(visit, 20, 1)) throw new Error('full');
  }
}
