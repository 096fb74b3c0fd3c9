// The object sizes of the store, and how many peers a block of each class holds.

import { peerIdWords } from '../protocol/peer-id.ts';

/** Peers a block of step i can hold. Growth by a quarter keeps the unused part small; up to 6 nothing is unused. */
const capacities = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 192, 256, 384, 512,
];

/** Words of one record: 6 or 18 bytes of compact peer and 2 bytes of state. */
export const recordWords4 = 2;
export const recordWords6 = 5;
/** 16-bit units of a compact peer. */
export const peerUnits4 = 3;
export const peerUnits6 = 9;
if (2 * recordWords4 !== peerUnits4 + 1 || 2 * recordWords6 !== peerUnits6 + 1)
  throw new RangeError('a record is not a compact peer and 16 bits of state');
/** Words before a block's first record: counts, and class with flags. */
export const blockHead = 2;
export const minTableBits = 4;
export const maxTableBits = 14;
const tableClasses = maxTableBits - minTableBits + 1;

/** Size in words of each class; a class is its index here. */
export const sizeClasses: readonly number[] = [
  8, // entry of a swarm
  16, // large swarm
  ...Array.from({ length: tableClasses }, (_, i) => 1 << (minTableBits + i)),
  ...capacities.map((capacity) => blockHead + capacity * (recordWords4 + peerIdWords)),
  ...capacities.map((capacity) => blockHead + capacity * (recordWords6 + peerIdWords)),
];

export const entryClass = 0;
export const largeClass = 1;
const firstTableClass = 2;
export const firstBlockClass4 = firstTableClass + tableClasses;
export const firstBlockClass6 = firstBlockClass4 + capacities.length;

/** The class of a table of 2^bits words; smaller tables take the smallest class. */
export function tableClass(bits: number): number {
  return firstTableClass + Math.max(0, bits - minTableBits);
}

/** How many peers a block of the given class holds; 0 for classes that are no blocks. */
export const capacityOfClass = Int32Array.from(sizeClasses, (_, index) =>
  index < firstBlockClass4 ? 0 : capacities[(index - firstBlockClass4) % capacities.length],
);

if (sizeClasses.length > 0xff)
  throw new RangeError('a size class does not fit into the byte that a block has for it');

/** Peers that a block in ordinary use holds at most. */
export const usualBlockPeers = 128;
/** Step of the largest block in ordinary use; the steps after it serve a directory that can grow no more. */
export const usualSteps = capacities.indexOf(usualBlockPeers);
export const lastStep = capacities.length - 1;
/** Peers that any block holds at most. */
export const largestBlockPeers = capacities[lastStep];
if (usualSteps < 0) throw new RangeError('no size class holds a block in ordinary use');

/** The smallest step whose blocks hold `peers` peers. */
export function stepFor(peers: number): number {
  let step = 0;
  while (capacities[step] < peers) step++;
  return step;
}
