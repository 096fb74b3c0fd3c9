// What the tracker is doing: once a second, the counters' differences become rates, the history and the live figures.

import { cpuUsage, memoryUsage } from 'node:process';
import type { TransportDescription } from '../../transport/description.ts';
import type { TransportCounts } from '../../transport/transport-counts.ts';
import {
  type RefusalReason,
  refusalReasons,
  type TransportName,
  transportNames,
  transports,
} from '../../transport/transports.ts';
import { eventNames, type ObservedTracker, type StoreTotals } from '../observed-tracker.ts';
import type { Stats, TransportStats } from '../schema.ts';
import { type History, type HistoryRow, historySeriesNames } from './history.ts';
import { percentilesOf } from './latency.ts';
import { hasCaughtUp, type Readiness } from './readiness.ts';
import type { Survey } from './survey.ts';

type Counts = Partial<Record<TransportName, TransportCounts>>;

/** Percentiles are of the last so many seconds: of one second they would jump about. */
const latencySeconds = 10;
const wakeMs = 1000;

export interface MonitorOptions {
  tracker: ObservedTracker;
  history: History;
  readiness: Readiness;
  survey: Survey;
  /** Milliseconds since 1970. */
  now: () => number;
  onException: (error: unknown) => void;
}

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #subscribers = new Set<(stats: Stats) => void>();
  #timer: NodeJS.Timeout | undefined;
  #stats: Stats;
  /** The counts of the last seconds, the newest last. */
  #past: Counts[] = [];
  #lastAt: number;
  #lastSecond = 0;
  #lastCpu = cpuUsage();

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#lastAt = performance.now();
    this.#past.push(options.tracker.counts());
    this.#stats = this.#read(this.#past[0], options.tracker.totals(), 1);
  }

  /** As of the last full second. */
  get stats(): Stats {
    return this.#stats;
  }

  start(): void {
    this.#timer = setInterval(() => {
      try {
        this.wake();
      } catch (error) {
        this.#options.onException(error);
      }
    }, wakeMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Calls `subscriber` with the figures of each second until the returned function is called. */
  subscribe(subscriber: (stats: Stats) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Looks at the counters once. */
  wake(): void {
    const { tracker, history, now } = this.#options;
    const elapsed = Math.max(0.001, (performance.now() - this.#lastAt) / 1000);
    this.#lastAt = performance.now();
    const counts = tracker.counts();
    this.#stats = this.#read(counts, tracker.totals(), elapsed);
    this.#past.push(counts);
    if (this.#past.length > latencySeconds) this.#past.shift();
    const second = Math.floor(now() / 1000);
    const row = this.#historyRow(this.#stats);
    // A timer that comes a little late steps over a second in which nothing was missed.
    if (second === this.#lastSecond + 2) history.record(second - 1, row);
    this.#lastSecond = second;
    history.record(second, row);
    for (const subscriber of this.#subscribers) subscriber(this.#stats);
  }

  #read(counts: Counts, totals: StoreTotals, elapsed: number): Stats {
    const { tracker, readiness, survey, now } = this.#options;
    const last = this.#past.at(-1)!;
    const cpu = cpuUsage(this.#lastCpu);
    this.#lastCpu = cpuUsage();
    const told = transportNames.flatMap((name) => {
      const [present, previous, first] = [counts[name], last[name], this.#past[0][name]];
      return present && previous && first ? [this.#statsOf(name, present, previous, first, elapsed)] : [];
    });
    const sums = sumsOf(counts);
    const lastSums = sumsOf(last);
    const at = now();
    const snapshot = tracker.snapshot();
    return {
      at,
      version: tracker.version,
      host: tracker.host,
      started_at: tracker.startedAtMs,
      transports: told,
      announce_rate: round(told.reduce((sum, { announce_rate: rate }) => sum + rate.ipv4 + rate.ipv6, 0)),
      swarms: totals.swarms + totals.connectionSwarms,
      peers: {
        seeders: { ipv4: totals.seeders4, ipv6: totals.seeders6, webrtc: totals.connectionSeeders },
        leechers: { ipv4: totals.leechers4, ipv6: totals.leechers6, webrtc: totals.connectionLeechers },
      },
      refused: sums.refused,
      refused_rate: round((sums.refusedInAll - lastSums.refusedInAll) / elapsed),
      dropped: {
        kernel: sums.kernel,
        unsent: sums.unsent,
        exceptions: sums.exceptions + tracker.uncaughtExceptions(),
      },
      dropped_rate: round((sums.kernel + sums.unsent - lastSums.kernel - lastSums.unsent) / elapsed),
      evictions: totals.evictedSwarms,
      memory: {
        swarms: totals.bytesInUse,
        limit: totals.memoryLimit,
        resident: memoryUsage.rss(),
      },
      cpu: Number(((cpu.user + cpu.system) / 1e6 / elapsed).toFixed(3)),
      listeners: readiness.listeners,
      ready: readiness.ready && hasCaughtUp(tracker),
      snapshot: snapshot
        ? {
            saved_at: snapshot.savedAtMs ?? null,
            duration_seconds: snapshot.durationMs / 1000,
            bytes: snapshot.bytes,
            failure: snapshot.failure ?? null,
          }
        : null,
      certificates: tracker.certificates().map(({ name, notAfterMs }) => ({
        name,
        not_after: notAfterMs,
        days_left: Number(((notAfterMs - at) / 86_400_000).toFixed(2)),
      })),
      survey_at: survey.result?.completedAtMs ?? null,
    };
  }

  #statsOf(
    transport: TransportName,
    counts: TransportCounts,
    last: TransportCounts,
    before: TransportCounts,
    elapsed: number,
  ): TransportStats {
    const announces = { ipv4: sum(counts.announces4), ipv6: sum(counts.announces6) };
    // The tracker's announces to itself are timed like all others; when there was nothing else there is nothing to tell.
    const asked = requestsIn(counts) > requestsIn(before);
    const recent = counts.latency.map((count, bucket) => (asked ? count - before.latency[bucket] : 0));
    return {
      transport,
      announces,
      announce_rate: {
        ipv4: round((announces.ipv4 - sum(last.announces4)) / elapsed),
        ipv6: round((announces.ipv6 - sum(last.announces6)) / elapsed),
      },
      events: eventsOf(counts),
      early_announces: counts.earlyAnnounces,
      scrapes: counts.scrapes,
      scrape_rate: round((counts.scrapes - last.scrapes) / elapsed),
      bytes: { in: counts.bytesIn, out: counts.bytesOut },
      byte_rate: {
        in: round((counts.bytesIn - last.bytesIn) / elapsed),
        out: round((counts.bytesOut - last.bytesOut) / elapsed),
      },
      packets: counts.packets ?? null,
      packet_rate:
        counts.packets && last.packets
          ? {
              in: round((counts.packets.in - last.packets.in) / elapsed),
              out: round((counts.packets.out - last.packets.out) / elapsed),
            }
          : null,
      latency: percentilesOf(recent, this.#options.tracker.latencyBounds) ?? null,
      connections: counts.connections,
      more: moreOf(transport, counts),
    };
  }

  #historyRow(stats: Stats): HistoryRow {
    const row = Object.fromEntries(historySeriesNames.map((name) => [name, 0])) as HistoryRow;
    for (const one of stats.transports) {
      const { transport, announce_rate, scrape_rate, byte_rate, packet_rate, latency } = one;
      row[`announces_${transport}4`] = announce_rate.ipv4;
      row[`announces_${transport}6`] = announce_rate.ipv6;
      row.scrapes += scrape_rate;
      row.bytes_in += byte_rate.in;
      row.bytes_out += byte_rate.out;
      row.packets_in += packet_rate?.in ?? 0;
      row.packets_out += packet_rate?.out ?? 0;
      row.latency_p50 = Math.max(row.latency_p50, latency?.p50 ?? 0);
      row.latency_p99 = Math.max(row.latency_p99, latency?.p99 ?? 0);
    }
    row.refused = stats.refused_rate;
    row.dropped = stats.dropped_rate;
    row.swarms = stats.swarms;
    row.seeders = sum(Object.values(stats.peers.seeders));
    row.leechers = sum(Object.values(stats.peers.leechers));
    row.memory = stats.memory.swarms;
    row.resident = stats.memory.resident;
    row.cpu = stats.cpu;
    return row;
  }
}

function moreOf(transport: TransportName, counts: TransportCounts): TransportStats['more'] {
  const { metrics }: TransportDescription = transports.find(({ name }) => name === transport)!;
  return metrics.flatMap(({ title, read }) => (title === undefined ? [] : [{ title, count: read(counts) }]));
}

function eventsOf(counts: TransportCounts): TransportStats['events'] {
  const events = eventNames.map((name, event) => [name, counts.announces4[event] + counts.announces6[event]]);
  return Object.fromEntries(events) as TransportStats['events'];
}

function sumsOf(counts: Counts) {
  const refused = Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<
    RefusalReason,
    number
  >;
  const sums = { refused, refusedInAll: 0, kernel: 0, unsent: 0, exceptions: 0 };
  for (const one of Object.values(counts)) {
    for (const reason of refusalReasons) {
      refused[reason] += one.refused[reason] ?? 0;
      sums.refusedInAll += one.refused[reason] ?? 0;
    }
    sums.kernel += one.droppedByKernel;
    sums.unsent += one.unsent;
    sums.exceptions += one.exceptions;
  }
  return sums;
}

function requestsIn({ announces4, announces6, scrapes, refused }: TransportCounts): number {
  return sum(announces4) + sum(announces6) + scrapes + sum(Object.values(refused));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** To a tenth; a counter that was set back counts as standing still. */
function round(rate: number): number {
  return Math.max(0, Math.round(rate * 10) / 10);
}
