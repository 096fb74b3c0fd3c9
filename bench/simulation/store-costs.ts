// What a peer costs a node on this machine: bytes of its store, time when another node tells of it, and time when nodes
// compare, from two stores that are filled, one by announces, and one by what the first tells.
import { smallShardBits } from '../../src/cluster/unsure-shards.ts';
import { Event } from '../../src/protocol/event.ts';
import { SimulatedNode } from './simulated-node.ts';

export interface StoreCosts {
  /** In swarms of ten. */
  readonly bytesPerPeer: number;
  readonly sumMicroseconds: number;
  readonly applyMicroseconds: number;
}

/** Peers between two messages, as in a large cluster. */
const atOnce = 8000;

export function measureStore(peers: number): StoreCosts {
  const node = new SimulatedNode('measured', peers * 200 + 16 * 2 ** 20, 1800, 3600, 1);
  const empty = node.store.totals().bytesInUse;
  const other = new SimulatedNode('other', peers * 200 + 16 * 2 ** 20, 1800, 3600, 2);
  let applyMs = 0;
  // Those who come, the first time; the second time those who stay, of whom there are more.
  for (const now of [1000, 1_801_000]) {
    applyMs = 0;
    for (let peer = 0; peer < peers; peer++) {
      node.announce(peer, Math.floor(peer / 10), Event.none, peer % 3 === 0, now);
      if (peer % atOnce !== atOnce - 1) continue;
      node.collect(now + 75);
      const messages = node.waiting.splice(0).map((message) => node.seal(message, now + 76));
      const began = performance.now();
      for (const message of messages) other.hear(message, 1, now + 77);
      applyMs += performance.now() - began;
    }
  }
  return {
    bytesPerPeer: (node.store.totals().bytesInUse - empty) / peers,
    applyMicroseconds: (applyMs * 1000) / peers,
    // Others may use the machine: the least of a few.
    sumMicroseconds: (Math.min(...[1, 2, 3].map(() => timeOfSums(node))) * 1000) / peers,
  };
}

function timeOfSums(node: SimulatedNode): number {
  const began = performance.now();
  node.beginSums(smallShardBits(node.store.totals().leechers4), 1_801_000);
  while (!node.readOn(100, 1_801_000));
  node.endSums([], 16);
  return performance.now() - began;
}
