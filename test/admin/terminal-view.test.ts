// The first line of `tracker-server status`: what it says of listeners that answer, do not, or were not asked yet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDenied, formatStatus, formatTop } from '../../src/admin/command/terminal-view.ts';

type Stats = Parameters<typeof formatStatus>[0];

interface Asked {
  checked_at: number | null;
  answering: boolean;
}

function headlineOf(ready: boolean, listeners: Asked[]): string {
  return formatStatus(statsOf(ready, listeners)).split('\n', 1)[0];
}

function statsOf(ready: boolean, listeners: Asked[], changes: Partial<Stats> = {}): Stats {
  return {
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
    peers: { seeders: { ipv4: 0, ipv6: 0, webrtc: 0 }, leechers: { ipv4: 0, ipv6: 0, webrtc: 0 } },
    swarms: 0,
    refused: {},
    evictions: 0,
    transports: [],
    dropped: { kernel: 0, unsent: 0, exceptions: 0 },
    memory: { swarms: 0, limit: 1, resident: 0 },
    cpu: 0,
    certificates: [],
    snapshot: null,
    ...changes,
  } as unknown as Stats;
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

const transports = (['udp', 'http', 'https'] as const).map((transport) => ({
  transport,
  announce_rate: { ipv4: 123_456.7, ipv6: 23_456.7 },
  announces: { ipv4: 1_234_567_890, ipv6: 1_234_567 },
  scrapes: 123_456_789,
  early_announces: 0,
  more: [],
  byte_rate: { in: 123_456_789, out: 234_567_890 },
  packet_rate: { in: 1_234_567.8, out: 1_234_567.8 },
  latency: { p50: 0.000_123, p99: 0.012_345 },
})) as unknown as Stats['transports'];
const busy = {
  transports,
  announce_rate: 440_740.2,
  refused: { rate_limited: 123_456_789, malformed: 12_345, bad_connection_id: 1_234_567, timeout: 12_345 },
  dropped: { kernel: 1_234_567, unsent: 12_345, exceptions: 12 },
  peers: {
    seeders: { ipv4: 2_345_678, ipv6: 100, webrtc: 23 },
    leechers: { ipv4: 1_234_567, ipv6: 400, webrtc: 56 },
  },
  swarms: 1_234_567,
  certificates: [{ name: 'tracker.example.net', days_left: 29.5, not_after: 1 }],
  snapshot: { saved_at: 1, duration_seconds: 1.5, bytes: 123_456_789, failure: null },
} as unknown as Partial<Stats>;
const swarm = {
  info_hash: '0123456789abcdef0123456789abcdef01234567',
  complete: 1_234_567,
  incomplete: 234_567,
  downloaded: 12_345_678,
};
const top = { top: Array.from({ length: 20 }, () => swarm) } as unknown as Parameters<typeof formatTop>[1];

test('top shows swarms and whole numbers on a terminal of 24 lines, however many listeners there are', () => {
  for (const listeners of [
    [good],
    Array(4).fill(good),
    Array(40).fill(good),
    [bad, ...Array(9).fill(good)],
  ]) {
    const lines = formatTop(statsOf(true, listeners, busy), top, 23, 80).split('\n');
    assert.ok(lines.length <= 23);
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.ok(lines.filter((line) => line.startsWith(swarm.info_hash)).length >= 1, lines.join('\n'));
    assert.ok(lines.some((line) => /1,234,567 +234,567 +12,345,678$/.test(line)));
    for (const line of lines) assert.doesNotMatch(line, /\d…$/);
  }
});

test('status tells the bytes of all transports, and the packets of those that have such', () => {
  const [udp, http] = transports;
  const text = formatStatus(
    statsOf(true, [good], {
      transports: [
        { ...udp, byte_rate: { in: 1024, out: 2048 }, packet_rate: { in: 10.5, out: 11 } },
        { ...http, byte_rate: { in: 512, out: 0 }, packet_rate: null },
      ],
    }),
  );
  assert.match(text, /^traffic +1\.5 KiB\/s +in, 2\.0 KiB\/s out; packets 10\.5\/s in, 11\.0\/s out$/m);
});

test('many listeners are one line, and those that do not answer are named', () => {
  const text = formatStatus(statsOf(false, [bad, ...Array(9).fill(good)], { transports }));
  assert.match(text, /^listeners {2}9 answer, the slowest in [^,]+, 1 do NOT answer$/m);
  assert.equal(text.match(/127\.0\.0\.1:6969/g)?.length, 1);
});

test('of what is refused the beginning is shown, and how many there are', () => {
  assert.equal(
    formatDenied({
      info_hashes: { count: 1002, shown: ['a', 'b'] },
      networks: { count: 1, shown: ['192.0.2.0/24'] },
    }),
    '1,002 info_hashes\n  a\n  b\n  and 1,000 more\n1 network\n  192.0.2.0/24',
  );
});
