// How the store keeps time: in ticks of a second or a few, modulo what fits into a peer's record.

import { tickMask } from './block.ts';

/** The tick of a time in whole seconds of the monotonic clock. */
export function tickAt(seconds: number, secondsPerTick: number): number {
  // Whole numbers throughout: `Math.floor` would have V8 divide doubles.
  return ((seconds / secondsPerTick) | 0) & tickMask;
}
