// The latency histogram for Prometheus, from buckets that the transports have already counted.

import type { Metric } from 'prom-client';
import { transportNames } from '../../transport/transports.ts';
import type { ObservedTracker } from '../observed-tracker.ts';

const name = 'tracker_reply_seconds';
const help =
  'Time from reading a request to handing over its answer, by transport; over UDP one batch in 16 is measured.';

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** prom-client's own histogram takes single observations only; what a registry asks of a metric is just this. */
export class LatencyMetric {
  readonly name = name;
  readonly help = help;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #tracker: ObservedTracker;

  constructor(tracker: ObservedTracker) {
    this.#tracker = tracker;
  }

  /** A registry's declared type knows only prom-client's own classes. */
  asMetric(): Metric {
    return this as unknown as Metric;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#values() };
  }

  reset(): void {}

  #values(): Value[] {
    const values: Value[] = [];
    const all = this.#tracker.counts();
    for (const transport of transportNames) {
      const counts = all[transport];
      if (counts === undefined) continue;
      let cumulated = 0;
      for (const [bucket, count] of counts.latency.entries()) {
        cumulated += count;
        const le = this.#tracker.latencyBounds[bucket] ?? '+Inf';
        values.push({ metricName: `${name}_bucket`, labels: { le, transport }, value: cumulated });
      }
      values.push({ metricName: `${name}_sum`, labels: { transport }, value: counts.latencySum });
      values.push({ metricName: `${name}_count`, labels: { transport }, value: cumulated });
    }
    return values;
  }
}
