// Whether the clock that a program in the kernel reads is the one that this process reads: not in a time namespace of its own.
import { readFileSync } from 'node:fs';

/** CLOCK_MONOTONIC is meant. Where the kernel knows no time namespaces there is one for all. (time_namespaces(7)) */
export function kernelHasOurClock(offsetsFile = '/proc/self/timens_offsets'): boolean {
  let offsets: string;
  try {
    offsets = readFileSync(offsetsFile, 'latin1');
  } catch {
    return true;
  }
  // A line a clock: its name or number, seconds, nanoseconds.
  const line = offsets.split('\n').find((one) => /^(?:monotonic|1)\s/.test(one));
  return line === undefined || /^\S+\s+0\s+0\s*$/.test(line);
}
