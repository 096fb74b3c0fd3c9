// How the counters' differences become rates: bytes and packets, in and out, of each transport and of all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../src/admin/measures/history.ts';
import { Monitor, type MonitorOptions } from '../../src/admin/measures/monitor.ts';
import { statsSchema } from '../../src/admin/schema.ts';
import { latencyBounds } from '../../src/transport/answer-stats.ts';
import { nothingCounted, type TransportCounts } from '../../src/transport/transport-counts.ts';

function countsOf(times: number, packets: TransportCounts['packets']): TransportCounts {
  return { ...nothingCounted, bytesIn: 3e6 * times, bytesOut: 6e6 * times, packets };
}

function observe(): { monitor: Monitor; history: History; grow(): void } {
  let times = 1;
  const history = new History();
  const tracker = {
    ...{ version: '1.2.3', host: 'here', startedAtMs: 0, latencyBounds, listeners: [], actions: {} },
    counts: () => ({
      udp: {
        ...countsOf(times, { in: 1e6 * times, out: 9e6 * times }),
        own: { xdpSent: 7, xdpNoFrame: times },
      },
      http: countsOf(times, undefined),
    }),
    totals: () => ({
      ...{ swarms: 1, leechers4: 1, seeders4: 2, leechers6: 4, seeders6: 8 },
      ...{ connectionSwarms: 1, connectionLeechers: 16, connectionSeeders: 32 },
      ...{ bytesInUse: 1, memoryLimit: 2, evictedSwarms: 0 },
    }),
    snapshot: () => undefined,
    certificates: () => [],
    uncaughtExceptions: () => 0,
  } as unknown as MonitorOptions['tracker'];
  const monitor = new Monitor({
    tracker,
    history,
    readiness: { listeners: [], ready: true } as unknown as MonitorOptions['readiness'],
    survey: { result: undefined } as unknown as MonitorOptions['survey'],
    now: () => 1_800_000_000_000,
    onException: (error) => assert.fail(error as Error),
  });
  return {
    monitor,
    history,
    grow: () => {
      times++;
    },
  };
}

const near = (actual: number, expected: number) => Math.abs(actual / expected - 1) < 0.001;

test('bytes and packets in and out become rates; over TCP there are no packets', () => {
  const { monitor, grow } = observe();
  grow();
  monitor.wake();
  const stats = statsSchema.parse(monitor.stats);
  const [udp, http] = stats.transports;
  assert.deepEqual(udp.bytes, { in: 6e6, out: 12e6 });
  assert.deepEqual(udp.packets, { in: 2e6, out: 18e6 });
  // How long ago the first look was is chance; that all rates are of the same time is not.
  const perSecond = udp.byte_rate.in / 3e6;
  assert.ok(perSecond > 0);
  assert.ok(near(udp.byte_rate.out, 6e6 * perSecond));
  assert.ok(near(udp.packet_rate!.in, 1e6 * perSecond) && near(udp.packet_rate!.out, 9e6 * perSecond));
  assert.deepEqual(http.byte_rate, udp.byte_rate);
  assert.deepEqual([http.packets, http.packet_rate], [null, null]);
});

test('what only one transport counts is told with its titles', () => {
  const { monitor, grow } = observe();
  grow();
  monitor.wake();
  const [udp, http] = statsSchema.parse(monitor.stats).transports;
  assert.deepEqual(
    udp.more.filter(({ count }) => count > 0),
    [
      { title: "Sent through network cards' queues", count: 7 },
      { title: 'Times that a queue had no free frame', count: 2 },
    ],
  );
  assert.deepEqual(http.more, []);
});

test('the history holds the bytes of all transports, the packets of those that have such, and all peers', () => {
  const { monitor, history, grow } = observe();
  grow();
  monitor.wake();
  const names = ['bytes_in', 'bytes_out', 'packets_in', 'packets_out', 'seeders', 'leechers'] as const;
  const { series } = history.read('hour', 1_800_000_000, 20_000, names);
  const [bytesIn, bytesOut, packetsIn, packetsOut, seeders, leechers] = names.map((name) =>
    Number(series[name]?.at(-1)),
  );
  const [udp] = monitor.stats.transports;
  assert.ok(near(bytesIn, 2 * udp.byte_rate.in) && near(bytesOut, 2 * udp.byte_rate.out));
  assert.ok(near(packetsIn, udp.packet_rate!.in) && near(packetsOut, udp.packet_rate!.out));
  assert.deepEqual([seeders, leechers], [42, 21]);
});
