// The sweep is compiled before it holds a lock that somebody waits for.
//
// Until V8 has compiled a function it runs ten times slower, and the thread that compiles it is often put on the caller's
// processor, which then waits 4 to 8 ms for it: with a shard's lock, when that happens in a sweep of the real store.
// Sweeping a small store first, in which the same things happen, leaves the longest slice at 0.3 ms (measured at 10
// million peers).
//
// Chosen over shorter slices, which change nothing of it. It costs 0.2 s of processor time in the first second, and no
// start waits for it.
import { SwarmStore } from '../../swarm/swarm-store.ts';
import { Announce } from '../../tracker/announce.ts';

const rounds = 12;
const peersPerRound = 6000;
const peersPerStep = 100;
const recordsPerStep = 512;
const ttl = 3600;
/** Of each interval the thread also answers requests in the rest. */
const intervalMs = 15;
const budgetMs = 5;

/**
 * Announces and expires peers in a store of its own, much less than a millisecond of compiled work between two yields.
 * Returns how many peers it announced and how many of them are left, which is none.
 */
export function* sweepSmallStore(): Generator<undefined, { announced: number; left: number }> {
  const store = SwarmStore.create(
    { memoryLimit: 2 ** 24, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: ttl },
    1,
  );
  const announce = new Announce();
  let announced = 0;
  for (let round = 1; round <= rounds; round++) {
    const start = round * 3 * ttl;
    for (let peer = 0; peer < peersPerRound; peer++) {
      setPeer(announce, peer, round);
      // Half of them later, so that a sweep finds both the living and the expired in one block.
      if (store.announce(announce, 0, start + (peer & 1) * (ttl / 2))) announced++;
      if (peer % peersPerStep === 0) yield;
    }
    const end = start + 2 * ttl;
    // The last one again: a peer that moves while others go is met a round later.
    for (const now of [start + ttl / 2, start + ttl + 60, end, end, end]) {
      while (!store.sweep(now, recordsPerStep)) yield;
    }
  }
  const { leechers4, leechers6, seeders4, seeders6 } = store.totals();
  return { announced, left: leechers4 + leechers6 + seeders4 + seeders6 };
}

/** Many small swarms and two large ones, at public addresses. */
function setPeer(announce: Announce, peer: number, round: number): void {
  const swarm = peer < peersPerRound / 2 ? peer % 700 : 1000 + (peer % 2);
  announce.infoHash.fill(swarm + 1);
  announce.address[0] = (Math.imul(peer + round * peersPerRound, 0x27d4eb2f) & ~0xff) | (11 + (peer & 63));
  announce.port = 10_000 + peer;
  announce.seeding = peer % 3 === 0;
}

/** Does it beside the requests, within a second or so, and calls `done`. Returns how to end it early. */
export function startWarmUp(done: () => void): () => void {
  const steps = sweepSmallStore();
  const timer = setInterval(() => {
    const end = performance.now() + budgetMs;
    while (performance.now() < end) {
      if (!steps.next().done) continue;
      clearInterval(timer);
      done();
      return;
    }
  }, intervalMs);
  return () => clearInterval(timer);
}
