// The metrics for Prometheus: their names, help texts and labels, and where each value comes from.
//
// Every series exists from the start and none is ever added: labels come from transport/transports.ts and other lists, never
// from what a peer sent.

import { Counter, Gauge, Registry } from 'prom-client';
import type { TransportCounts } from '../../transport/transport-counts.ts';
import {
  refusalReasons,
  type TransportName,
  transportNames,
  transports,
} from '../../transport/transports.ts';
import { eventNames, type ObservedTracker } from '../observed-tracker.ts';
import { registerClusterMetrics } from './cluster-metrics.ts';
import { LatencyMetric } from './latency-metric.ts';
import { registerProcessMetrics } from './process-metrics.ts';

type CountsOf = (counts: TransportCounts) => number;

const families = [
  ['ipv4', 'announces4'],
  ['ipv6', 'announces6'],
] as const;

/** A registry whose values are read from the tracker whenever it is asked for them. */
export function createMetrics(tracker: ObservedTracker, isReady: () => boolean, now: () => number): Registry {
  const registry = new Registry();
  registerTransportMetrics(registry, tracker);
  registerStoreMetrics(registry, tracker);
  registerBuildInfo(registry, tracker);
  registerLogMetric(registry, tracker);
  registerUpkeepMetrics(registry, tracker, isReady, now);
  if (tracker.cluster) registerClusterMetrics(registry, tracker.cluster);
  registerProcessMetrics(registry, tracker.startedAtMs);
  return registry;
}

function registerTransportMetrics(registry: Registry, tracker: ObservedTracker): void {
  const each = (use: (name: TransportName, counts: TransportCounts) => void) => {
    const all = tracker.counts();
    for (const name of transportNames) if (all[name] !== undefined) use(name, all[name]);
  };
  new Counter({
    name: 'tracker_announces_total',
    help: 'Announces answered with peers, by transport, address family and event.',
    labelNames: ['transport', 'family', 'event'],
    registers: [registry],
    collect() {
      this.reset();
      each((transport, counts) => {
        for (const [family, key] of families) {
          for (const [event, name] of eventNames.entries()) {
            this.inc({ transport, family, event: name }, counts[key][event]);
          }
        }
      });
    },
  });
  new Counter({
    name: 'tracker_requests_refused_total',
    help: 'Requests and connections that were dropped or answered with an error, by transport and reason.',
    labelNames: ['transport', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      each((transport, { refused }) => {
        for (const reason of refusalReasons) this.inc({ transport, reason }, refused[reason] ?? 0);
      });
    },
  });
  const perTransport = (name: string, help: string, read: CountsOf) => {
    new Counter({
      name,
      help,
      labelNames: ['transport'],
      registers: [registry],
      collect() {
        this.reset();
        each((transport, counts) => this.inc({ transport }, read(counts)));
      },
    });
  };
  perTransport(
    'tracker_early_announces_total',
    'Announces answered with few peers because the peer came back before min interval, by transport.',
    ({ earlyAnnounces }) => earlyAnnounces,
  );
  perTransport('tracker_scrapes_total', 'Scrapes answered, by transport.', ({ scrapes }) => scrapes);
  perTransport(
    'tracker_answers_unsent_total',
    'Answers that the kernel did not take, by transport.',
    ({ unsent }) => unsent,
  );
  perTransport(
    'tracker_received_bytes_total',
    'Bytes received: payloads of datagrams, whole streams of connections; by transport.',
    ({ bytesIn }) => bytesIn,
  );
  perTransport(
    'tracker_sent_bytes_total',
    'Bytes sent: payloads of datagrams, whole streams of connections; by transport.',
    ({ bytesOut }) => bytesOut,
  );
  new Counter({
    name: 'tracker_exceptions_total',
    help: 'Requests that met a defect of the tracker, by transport; "none" stands for defects outside of requests.',
    labelNames: ['transport'],
    registers: [registry],
    collect() {
      this.reset();
      each((transport, { exceptions }) => this.inc({ transport }, exceptions));
      this.inc({ transport: 'none' }, tracker.uncaughtExceptions());
    },
  });
  const single = (name: string, help: string, read: CountsOf) => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        each((_, counts) => this.inc(read(counts)));
      },
    });
  };
  single(
    'tracker_rate_limited_total',
    'Requests and connections refused because their address sent too many.',
    ({ refused }) => (refused.rate_limited ?? 0) + (refused.connection_rate_limited ?? 0),
  );
  for (const { metrics } of transports) {
    for (const { name, help, read } of metrics) single(name, help, read);
  }
  new Gauge({
    name: 'tracker_connections',
    help: 'Open connections, by transport.',
    labelNames: ['transport'],
    registers: [registry],
    collect() {
      each((transport, { connections }) => this.set({ transport }, connections));
    },
  });
  registry.registerMetric(new LatencyMetric(tracker).asMetric());
}

function registerStoreMetrics(registry: Registry, tracker: ObservedTracker): void {
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('tracker_swarms', 'Swarms that have peers with an address.', () => tracker.totals().swarms);
  gauge(
    'tracker_webtorrent_swarms',
    'Swarms that have WebTorrent peers.',
    () => tracker.totals().connectionSwarms,
  );
  new Gauge({
    name: 'tracker_peers',
    help: 'Peers, by role and by how they are reached: IPv4, IPv6, or WebRTC for those of WebTorrent.',
    labelNames: ['role', 'family'],
    registers: [registry],
    collect() {
      const totals = tracker.totals();
      this.set({ role: 'seeder', family: 'ipv4' }, totals.seeders4);
      this.set({ role: 'seeder', family: 'ipv6' }, totals.seeders6);
      this.set({ role: 'leecher', family: 'ipv4' }, totals.leechers4);
      this.set({ role: 'leecher', family: 'ipv6' }, totals.leechers6);
      this.set({ role: 'seeder', family: 'webrtc' }, totals.connectionSeeders);
      this.set({ role: 'leecher', family: 'webrtc' }, totals.connectionLeechers);
    },
  });
  gauge(
    'tracker_swarm_memory_bytes',
    'Memory that swarms and peers take.',
    () => tracker.totals().bytesInUse,
  );
  gauge(
    'tracker_swarm_memory_limit_bytes',
    'Memory that swarms and peers may take.',
    () => tracker.totals().memoryLimit,
  );
  new Counter({
    name: 'tracker_swarms_evicted_total',
    help: 'Swarms on probation that made room for others when memory was full.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(tracker.totals().evictedSwarms);
    },
  });
}

function registerBuildInfo(registry: Registry, { version }: ObservedTracker): void {
  new Gauge({
    name: 'tracker_build_info',
    help: 'Always 1; which tracker this is, and the Node.js that it runs on.',
    labelNames: ['version', 'node'],
    registers: [registry],
    collect() {
      this.set({ version, node: process.versions.node }, 1);
    },
  });
}

function registerLogMetric(registry: Registry, tracker: ObservedTracker): void {
  new Counter({
    name: 'tracker_log_lines_lost_total',
    help: 'Lines of the log that could not be written: its reader stood still, its disk was full, its terminal gone.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(tracker.logLinesLost());
    },
  });
}

/** Of what may not be there (no snapshot yet, no certificate) the value is NaN, so that the series stays. */
function registerUpkeepMetrics(
  registry: Registry,
  tracker: ObservedTracker,
  isReady: () => boolean,
  now: () => number,
): void {
  const gauge = (name: string, help: string, read: () => number | undefined) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });
  };
  gauge(
    'tracker_ready',
    'Whether every listener answered its last announce to itself, and a node of a cluster has caught up.',
    () => (isReady() ? 1 : 0),
  );
  gauge('tracker_snapshot_age_seconds', 'Time since swarms were last saved.', () => {
    const savedAtMs = tracker.snapshot()?.savedAtMs;
    return savedAtMs === undefined ? undefined : (now() - savedAtMs) / 1000;
  });
  gauge('tracker_snapshot_duration_seconds', 'How long the last saving of swarms took.', () => {
    const snapshot = tracker.snapshot();
    return snapshot === undefined ? undefined : snapshot.durationMs / 1000;
  });
  gauge('tracker_snapshot_size_bytes', 'Size of the last saved snapshot.', () => tracker.snapshot()?.bytes);
  gauge('tracker_snapshot_failed', 'Whether the last attempt to save swarms failed.', () => {
    const snapshot = tracker.snapshot();
    return snapshot === undefined ? undefined : Number(snapshot.failure !== undefined);
  });
  gauge('tracker_certificate_left_seconds', 'Time until the first certificate expires.', () => {
    const ends = tracker.certificates().map(({ notAfterMs }) => notAfterMs);
    return ends.length === 0 ? undefined : (Math.min(...ends) - now()) / 1000;
  });
}
