// How much processor time another process and each of its threads have used, to the nanosecond, as Linux' scheduler counts it.
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds by thread; empty where there is no such thing. */
export function threadTimes(pid: number): Map<string, number> {
  const times = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
      times.set(thread, Number(text.split(' ')[0]) / 1e6);
    }
  } catch {
    // The process, or a thread, has just ended.
  }
  return times;
}

/** Milliseconds that all threads but the busiest used in between. */
export function sideTime(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  const used = Array.from(after, ([thread, time]) => time - (before.get(thread) ?? 0));
  return used.reduce((sum, time) => sum + time, 0) - Math.max(0, ...used);
}

/** Seconds that a process and all its threads have used so far; NaN where nobody counts them. */
export function processorSeconds(pid: number): number {
  const times = [...threadTimes(pid).values()];
  return times.length === 0 ? Number.NaN : times.reduce((sum, ms) => sum + ms, 0) / 1000;
}
