import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkload, formatInfoHashes, meanPeersInReply } from '../../bench/workload.ts';

test('the same seed gives the same load, another seed other torrents', () => {
  const first = createWorkload(1, 100, 1000);
  assert.deepEqual(createWorkload(1, 100, 1000), first);
  assert.notDeepEqual(formatInfoHashes(createWorkload(2, 100, 1000)), formatInfoHashes(first));
});

test('every peer of a swarm has a port of its own, and swarms shrink with their rank', () => {
  const { torrentOf, portOf, swarmSizes, peers } = createWorkload(7, 500, 20_000);
  const keys = new Set(torrentOf.map((torrent, peer) => torrent * 65536 + portOf[peer]));
  assert.equal(keys.size, peers);
  assert.ok(Math.min(...portOf) >= 1024);
  for (let rank = 1; rank < swarmSizes.length; rank++) assert.ok(swarmSizes[rank] <= swarmSizes[rank - 1]);
  assert.ok(swarmSizes[0] > 100 * swarmSizes.at(-1)!);
});

test('peers of several addresses share ports, and no two of one address do', () => {
  const { torrentOf, portOf, peers } = createWorkload(7, 500, 20_000, 8);
  const keys = new Set(torrentOf.map((torrent, peer) => (torrent * 8 + (peer % 8)) * 65536 + portOf[peer]));
  assert.equal(keys.size, peers);
  assert.equal(createWorkload(1, 1, 8 * 37_536, 8).portOf.at(-1), 65_535);
  assert.throws(() => createWorkload(1, 1, 8 * 37_536 + 1, 8), RangeError);
});

test('info_hashes are all different and 40 digits long', () => {
  const hashes = formatInfoHashes(createWorkload(1, 1000, 5000));
  assert.equal(new Set(hashes).size, 1000);
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{40}$/);
});

test('the mean reply is bounded by numwant and by what swarms hold', () => {
  const workload = createWorkload(1, 10_000, 100_000);
  assert.equal(meanPeersInReply(workload, 0), 0);
  const fifty = meanPeersInReply(workload, 50);
  assert.ok(fifty > 10 && fifty < 50, `${fifty}`);
});

test('too few peers for the torrents are refused', () => {
  assert.throws(() => createWorkload(1, 1000, 10), RangeError);
});
