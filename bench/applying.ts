// What it costs a node to take up one record of another node's news, and what a local announce costs the store beside it.

import type { ClusterParts } from '../src/cluster/cluster-parts.ts';
import { MemoryEngine, MemoryRow } from '../src/cluster/memory-engine.ts';
import { Merge } from '../src/cluster/merge.ts';
import { Publisher } from '../src/cluster/publisher.ts';
import { createSignature } from '../src/cluster/signature.ts';
import { ClusterSubscriber } from '../src/cluster/subscriber.ts';
import { Event } from '../src/protocol/event.ts';
import { monotonicMs, monotonicSeconds } from '../src/server/clock.ts';
import type { SwarmStore } from '../src/swarm/swarm-store.ts';
import { Announce } from '../src/tracker/announce.ts';
import { createFilledStore, loopbackWord } from './filled-store.ts';
import { createProcessorClock } from './processor-clock.ts';
import { Random } from './random.ts';
import { createWorkload, type Workload } from './workload.ts';

export interface Costs {
  /** Microseconds of processor time, of each round: of an announce to the store with 50 peers in the answer, and of a record. */
  readonly announce: number[];
  readonly record: number[];
}

const addresses = 8;
const perRound = 50_000;
const warmUpRounds = 3;
const refreshTicks = 1200;

/** Both stores hold all peers; of the news half are peers that leave, and half that come back. */
export async function measureCosts(peers: number, rounds: number): Promise<Costs> {
  const workload = createWorkload(1, Math.ceil(peers / 10), peers, addresses);
  const row = new MemoryRow(() => performance.now());
  const [here, there] = ['here', 'there'].map((node) => {
    const store = createFilledStore(workload, addresses, 2 ** 30);
    const parts: ClusterParts = {
      ...{ store, engine: new MemoryEngine(row), now: monotonicMs, signature: createSignature('a secret') },
      ...{ sender: { node, incarnation: 1n }, log: { info: () => {}, warn: console.error } },
    };
    return parts;
  });
  const merge = new Merge(there.store.createRemotePeers(), () => {});
  const own = new Merge(here.store.createRemotePeers(), () => {});
  const publisher = new Publisher(here, own, refreshTicks, merge.secondsPerTick);
  publisher.open();
  const subscriber = new ClusterSubscriber(there, merge, '0', {
    ...{ beforeNews() {}, note() {}, news() {}, counts() {}, gap() {} },
  });
  const clock = createProcessorClock();
  const random = new Random(1);
  const costs: Costs = { announce: [], record: [] };
  const changing = new Announcer(here.store, workload);
  const staying = new Announcer(there.store, workload);
  for (let round = 0; round < rounds + warmUpRounds; round++) {
    const announced = clock();
    for (let i = 0; i < perRound; i++) staying.announce(random.below(peers), Event.none, 50);
    const announce = ((clock() - announced) / perRound) * 1000;
    for (let i = 0; i < perRound; i++) changing.turn(random.below(peers));
    const before = publisher.counts.records;
    publisher.collect();
    await publisher.send();
    const records = publisher.counts.records - before;
    const delivered = row.messages.map(({ number, at, bytes }) => ({
      ...{ position: `${number}`, takenAt: at, bytes, ageMs: row.now() - at },
    }));
    row.messages.length = 0;
    const applied = clock();
    await subscriber.deliver(delivered);
    const record = ((clock() - applied) / records) * 1000;
    if (round < warmUpRounds) continue;
    costs.announce.push(announce);
    costs.record.push(record);
  }
  publisher.close();
  return costs;
}

class Announcer {
  readonly #store: SwarmStore;
  readonly #workload: Workload;
  readonly #visit = new Announce();
  readonly #isAway: Uint8Array;

  constructor(store: SwarmStore, workload: Workload) {
    this.#store = store;
    this.#workload = workload;
    this.#isAway = new Uint8Array(workload.peers);
    this.#visit.infoHash = workload.infoHashes;
    this.#visit.out = new Uint16Array(3 * 256);
  }

  announce(peer: number, event: Event, numwant: number): void {
    const visit = this.#visit;
    const { torrentOf, portOf, seeding } = this.#workload;
    visit.infoHashAt = torrentOf[peer] * 5;
    visit.address[0] = loopbackWord(peer % addresses);
    visit.port = portOf[peer];
    visit.seeding = seeding[peer] === 1;
    visit.event = event;
    this.#store.announce(visit, numwant, monotonicSeconds());
  }

  /** The peer leaves, or comes back. */
  turn(peer: number): void {
    this.#isAway[peer] ^= 1;
    this.announce(peer, this.#isAway[peer] === 1 ? Event.stopped : Event.none, 0);
  }
}
