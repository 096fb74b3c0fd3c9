// A store that holds a workload's peers without a packet being sent, for trackers that begin with many of them.

import { monotonicSeconds } from '../src/server/clock.ts';
import { SwarmStore } from '../src/swarm/swarm-store.ts';
import { Announce } from '../src/tracker/announce.ts';
import type { Workload } from './workload.ts';

/** Every peer as the load generator announces it from `addresses` sockets: 127.0.0.1 and those after it. */
export function createFilledStore(workload: Workload, addresses: number, memoryLimit: number): SwarmStore {
  const store = SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 3600 }, 7);
  const visit = new Announce();
  visit.infoHash = workload.infoHashes;
  const now = monotonicSeconds();
  for (let peer = 0; peer < workload.peers; peer++) {
    visit.infoHashAt = workload.torrentOf[peer] * 5;
    visit.address[0] = loopbackWord(peer % addresses);
    visit.port = workload.portOf[peer];
    visit.seeding = workload.seeding[peer] === 1;
    if (!store.announce(visit, 0, now)) throw new Error(`full at ${peer} peers`);
  }
  return store;
}

/** 127.0.0.1 and those after it, as a word of an announce. */
export function loopbackWord(number: number): number {
  return 127 | ((1 + number) << 24);
}
