// How much that proves no address a processor gives to the rings: enough for any swarm, and too little for a flood to fill them.
//
// Whoever proves an address is not counted here, so that a flood of forged senders takes nothing from clients that have an id.
import type { Assembler } from './assembler.ts';

/** Elements of the map of allowances (PERCPU_ARRAY): when each is whole again, in ns, 8 bytes. */
export const Unproven = { connect: 0, other: 1 } as const;
export type Unproven = (typeof Unproven)[keyof typeof Unproven];
export const unprovenKinds = Object.keys(Unproven).length;

/**
 * Datagrams a second and processor, of each kind. Fifty thousand connects a second are more than the busiest trackers have
 * on all their processors together, and a tenth of what a worker answers.
 */
export const unprovenRate = 50_000;
/** At once after a rest; half of what a ring holds (xdp-handle.ts). */
export const unprovenBurst = 1024;

const share = 1e9 / unprovenRate;

/**
 * Goes on while there is allowance, and jumps to `above` otherwise. r9 is the time in ns and is kept, r0 to r5 are lost.
 * @param number 8 bytes below the frame, free for a number that a map is given
 */
export function isWithinUnproven(
  program: Assembler,
  allowances: number,
  kind: Unproven,
  number: number,
  above: string,
): void {
  const name = `unproven ${kind}`;
  program
    .lookUpNumber(allowances, kind, number)
    .jumpIf(0, 'equal', 0, above)
    .load(8, 2, 0, 0)
    .jumpIfWith(2, 'atLeast', 9, `${name}: waits`)
    .computeWith('move', 2, 9)
    .label(`${name}: waits`)
    .compute('add', 2, share)
    .computeWith('move', 3, 2)
    .computeWith('sub', 3, 9)
    .jumpIf(3, 'above', share * unprovenBurst, above)
    .store(8, 0, 0, 2);
}
