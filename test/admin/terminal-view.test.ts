// The first line of `tracker-server status`: what it says of listeners that answer, do not, or were not asked yet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatStatus } from '../../src/admin/command/terminal-view.ts';

type Stats = Parameters<typeof formatStatus>[0];

function headlineOf(ready: boolean, listeners: { checked_at: number | null; answering: boolean }[]): string {
  const stats = {
    version: '1.2.3',
    started_at: 0,
    at: 60_000,
    ready,
    listeners: listeners.map((listener) => ({
      transport: 'udp',
      address: '127.0.0.1',
      port: 6969,
      answer_seconds: null,
      fault: null,
      ...listener,
    })),
    announce_rate: 0,
    refused_rate: 0,
    dropped_rate: 0,
    peers: { seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } },
    swarms: 0,
    refused: {},
    evictions: 0,
    transports: [],
    dropped: { kernel: 0, unsent: 0, exceptions: 0 },
    memory: { swarms: 0, limit: 1, resident: 0 },
    cpu: 0,
    certificates: [],
    snapshot: null,
  } as unknown as Stats;
  return formatStatus(stats).split('\n', 1)[0]!;
}

const good = { checked_at: 1, answering: true };
const bad = { checked_at: 1, answering: false };
const unasked = { checked_at: null, answering: false };

test('status says at once whether all listeners answer', () => {
  assert.match(headlineOf(true, [good, good]), /, all listeners answer$/);
  assert.match(headlineOf(false, [good, bad, unasked]), /, 1 of 3 listeners do NOT answer$/);
});

test('status does not call a listener silent that was not asked yet', () => {
  assert.match(headlineOf(false, [unasked, unasked]), /, 2 of 2 listeners not checked yet$/);
  assert.match(headlineOf(false, [good, unasked]), /, 1 of 2 listeners not checked yet$/);
});
