// The line of every minute: what the store holds, and what UDP did since the line before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatsLine } from '../../../src/server/upkeep/stats-line.ts';
import { createUdpCounters, UdpCounter } from '../../../src/transport/udp/udp-counters.ts';
import { udpTallies } from '../../../src/transport/udp/udp-counts.ts';
import { createStore, Visit } from '../../swarm/visit.ts';

test('the line counts torrents and peers, and what UDP did since the line before', () => {
  const store = createStore();
  const counters = [createUdpCounters(), createUdpCounters()];
  const line = new StatsLine(store, () => ({ UDP: udpTallies(counters) }));
  assert.equal(line.next(), 'Stats: 0 torrents  0 peers');
  for (let n = 0; n < 3; n++) store.announce(new Visit().setSwarm(n >> 1).setPeer(4, n), 0, 1);
  for (const own of counters) {
    own[UdpCounter.received] += 10;
    own[UdpCounter.sent] += 8;
    own[UdpCounter.droppedByKernel] += 1;
  }
  assert.equal(line.next(), 'Stats: 2 torrents  3 peers  UDP: 20 in  16 out  2 dropped by the kernel');
  counters[0][UdpCounter.received] += 1;
  assert.equal(line.next(), 'Stats: 2 torrents  3 peers  UDP: 1 in');
  assert.equal(line.next(), 'Stats: 2 torrents  3 peers');
});
