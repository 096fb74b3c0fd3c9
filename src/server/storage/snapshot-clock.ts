// What time it is for a snapshot: on the wall clock, on the monotonic clock, and since which boot the latter runs.
//
// Ages go on by the monotonic clock within one boot and by the wall clock across boots, so a wall clock that was set
// wrong while the tracker was down neither purges everybody nor makes anybody immortal.
import { readFileSync } from 'node:fs';
import type { SnapshotClock } from '../../swarm/snapshot-format.ts';
import { monotonicSeconds } from '../clock.ts';

const bootId = readBootId();

export function snapshotClock(): SnapshotClock {
  return { wall: Math.floor(Date.now() / 1000), monotonic: monotonicSeconds(), bootId };
}

/** The kernel's random name of this boot; zeros where there is none, and then only the wall clock counts. */
function readBootId(): Int32Array {
  try {
    const hex = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll(/[^0-9a-f]/g, '');
    if (hex.length === 32)
      return Int32Array.from({ length: 4 }, (_, i) => Buffer.from(hex, 'hex').readInt32LE(i * 4));
  } catch {
    // Not Linux, or no /proc.
  }
  return new Int32Array(4);
}
