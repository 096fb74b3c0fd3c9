// The metrics of the process itself, under the names that Prometheus' conventions give them.
//
// prom-client's own set has series that come and go with what Node is doing; these are a fixed number.

import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { cpuUsage, memoryUsage } from 'node:process';
import { Counter, Gauge, type Registry } from 'prom-client';

export function registerProcessMetrics(registry: Registry, startedAtMs: number): void {
  const counter = (name: string, help: string, read: () => number) => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
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
  counter('process_cpu_user_seconds_total', 'CPU time in user mode.', () => cpuUsage().user / 1e6);
  counter('process_cpu_system_seconds_total', 'CPU time in the kernel.', () => cpuUsage().system / 1e6);
  counter('process_cpu_seconds_total', 'CPU time in all.', () => (cpuUsage().user + cpuUsage().system) / 1e6);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => memoryUsage.rss());
  gauge('process_start_time_seconds', 'Start time since 1970.', () => startedAtMs / 1000);
  gauge('process_open_fds', 'Open file descriptors.', openDescriptors);
  const mostDescriptors = readDescriptorLimit();
  gauge('process_max_fds', 'Most file descriptors that may be open.', () => mostDescriptors);
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => memoryUsage().heapUsed);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  gauge('nodejs_eventloop_lag_p99_seconds', 'Lag of the main thread since the last scrape.', () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
}

/** NaN where the system has no /proc. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
}

function readDescriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}
