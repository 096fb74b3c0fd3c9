// Knows how many files and sockets this process may have open, and how many of those may be HTTP connections.
import { readFileSync } from 'node:fs';

/** Kept back for listeners, workers, certificates, the data directory and the log. */
const reserve = 128;
/** What Node opens for a thread's loop, and the thread's own of the listening sockets. */
const perStreamWorker = 8;
/** 20,000 WebSockets, which leave an eighth to requests, and some more. */
const enough = 24_000;

/** The most HTTP connections that leave descriptors for everything else; a sensible number where the limit is unknown. */
export function maxConnections(streamWorkers = 0): number {
  const limit = descriptorLimit() ?? 1024;
  const others = reserve + streamWorkers * perStreamWorker + Math.floor(limit / 10);
  return Math.max(16, Math.min(enough, limit - others));
}

/** The soft limit of open descriptors; undefined where it is unknown (not Linux) or there is none. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files +([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
