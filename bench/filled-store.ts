// A store that holds a workload's peers without a packet being sent, for trackers that begin with many of them.

import { Event } from '../src/protocol/event.ts';
import { monotonicSeconds } from '../src/server/clock.ts';
import { SwarmStore } from '../src/swarm/swarm-store.ts';
import type { SwarmVisit } from '../src/swarm/swarm-visit.ts';
import type { Workload } from './workload.ts';

/** Every peer as the load generator announces it from `addresses` sockets: 127.0.0.1 and those after it. */
export function createFilledStore(workload: Workload, addresses: number, memoryLimit: number): SwarmStore {
  const store = SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 3600 }, 7);
  const peerId = Buffer.from('-qB5140-bench-------');
  const visit: SwarmVisit & { infoHashAt: number; port: number; seeding: boolean } = {
    infoHash: workload.infoHashes,
    infoHashAt: 0,
    peerId: new Int32Array(new Uint8Array(peerId).buffer),
    peerIdAt: 0,
    address: new Int32Array(4),
    addressAt: 0,
    family: 4,
    port: 0,
    event: Event.none,
    seeding: false,
    out: new Uint16Array(0),
    outAt: 0,
    outPeerIds: undefined,
    fillWithIpv4: false,
    complete: 0,
    incomplete: 0,
    downloaded: 0,
    entries: 0,
    ipv4Entries: 0,
    early: false,
  };
  const now = monotonicSeconds();
  for (let peer = 0; peer < workload.peers; peer++) {
    visit.infoHashAt = workload.torrentOf[peer]! * 5;
    visit.address[0] = 127 | ((1 + (peer % addresses)) << 24);
    visit.port = workload.portOf[peer]!;
    visit.seeding = workload.seeding[peer] === 1;
    if (!store.announce(visit, 0, now)) throw new Error(`full at ${peer} peers`);
  }
  return store;
}
