// What a snapshot of the store looks like in a file: sections that each stand for themselves, and their checksums.
//
//   section  header (24 words), then fragments; at most `maxSectionWords` in all. The last one is an empty `end`.
//   fragment info_hash (5 words) | downloaded, and flags above bit 27 | leechers | seeders << 16 of IPv4 | the same of IPv6
//            then the peers, IPv4 before IPv6, leechers before seeders: the record as a block holds it, and its peer_id
//
// In every version of the format the header has 24 words, of which the first three are magic and version and the last two
// its sum: so a snapshot of another version is told from a damaged one. Everything is 32-bit words, little-endian. A fragment is a swarm, or a part of a large one: reading it adds its peers
// to whatever is known of the swarm already, so a section that is lost takes nothing but its own peers with it. Nothing
// here depends on where or how the store keeps a swarm, so another memory limit or number of shards can read it.
//
// Chosen over one image of the memory, which needs less code to load and is lost as a whole: a damaged section costs
// its own peers only. The sums are multiply-and-rotate over words: CRC-32C by tables looks something up for every byte,
// and the store may not import node:zlib.

import { peerIdWords } from '../protocol/peer-id.ts';
import { recordWords4, recordWords6 } from './size-classes.ts';

/** When something was, on both clocks; ages are taken from the monotonic one where it is the same one. */
export interface SnapshotClock {
  /** Whole seconds since 1970. */
  readonly wall: number;
  /** Whole seconds of the clock that the store is used with. */
  readonly monotonic: number;
  /** Four words that name the boot in which that clock runs; zeros when unknown. */
  readonly bootId: Int32Array;
}

export const sectionHeader = {
  magic: 0,
  version: 2,
  kind: 3,
  number: 4,
  payloadWords: 5,
  wall: 6,
  monotonic: 7,
  bootId: 8,
  secondsPerTick: 12,
  /** The store's time in ticks, modulo what a record can hold. */
  tick: 13,
  fragments: 14,
  peers: 15,
  payloadSum: 16,
  // Of two words, as the other sum. 18 to 21 are free and 0 in all files: a field there, of which 0 means that it is not
  // known, needs no new version.
  headerSum: 22,
  size: 24,
} as const;

if (sectionHeader.headerSum + 2 !== sectionHeader.size || sectionHeader.version !== 2)
  throw new RangeError('a header of a snapshot is not what every version of it is');

/**
 * To be raised when anything that is written changes its meaning, also in a record (block.ts) or a flag (layout.ts). This
 * reader then sets files of the version before aside: a reader for those comes first.
 */
export const formatVersion = 1;
/** `changes` stand in no file: they go from one process to another, in the order in which they are to be read. */
export const sectionKind = { swarms: 1, end: 2, changes: 3 } as const;

/** 1 MiB: as much as is written or checked in one go, and as much as one damaged byte costs. */
export const maxSectionWords = 1 << 18;

export const fragmentHead = { infoHash: 0, downloaded: 5, peers4: 6, peers6: 7, size: 8 } as const;
/** In a fragment of `changes`, in `downloaded`: its peers have left; where it has none, the whole swarm is forgotten. */
export const goneFlag = 0x40000000;
export const peerWords4 = recordWords4 + peerIdWords;
export const peerWords6 = recordWords6 + peerIdWords;

/** `CRCLSNAP` in memory. */
const magic0 = 0x4c435243;
const magic1 = 0x50414e53;

/** Writes the header of the section whose payload lies behind it; the caller has set kind, number and counts. */
export function sealSection(words: Int32Array, payloadWords: number, clock: SnapshotClock): void {
  words[sectionHeader.magic] = magic0;
  words[sectionHeader.magic + 1] = magic1;
  words[sectionHeader.version] = formatVersion;
  words[sectionHeader.payloadWords] = payloadWords;
  words[sectionHeader.wall] = clock.wall;
  words[sectionHeader.monotonic] = clock.monotonic;
  words.set(clock.bootId.subarray(0, 4), sectionHeader.bootId);
  writeSum(words, sectionHeader.size, payloadWords, sectionHeader.payloadSum);
  sealHeader(words);
}

/** Writes the sum of the header at word 0, which is complete but for it. */
export function sealHeader(words: Int32Array): void {
  writeSum(words, 0, sectionHeader.headerSum, sectionHeader.headerSum);
}

/** Whether an undamaged header of this version begins at word `at`; its length can be trusted then. */
export function isSectionHeader(words: Int32Array, at: number): boolean {
  return (
    words[at] === magic0 &&
    words[at + 1] === magic1 &&
    words[at + sectionHeader.version] === formatVersion &&
    sumMatches(words, at, sectionHeader.headerSum, at + sectionHeader.headerSum) &&
    words[at + sectionHeader.payloadWords] >>> 0 <= maxSectionWords - sectionHeader.size
  );
}

/** The version of an undamaged header at word `at`, if it is another one than this; otherwise `undefined`. */
export function otherVersionAt(words: Int32Array, at: number): number | undefined {
  const version = words[at + sectionHeader.version];
  const isHeader =
    words[at] === magic0 &&
    words[at + 1] === magic1 &&
    version !== formatVersion &&
    sumMatches(words, at, sectionHeader.headerSum, at + sectionHeader.headerSum);
  return isHeader ? version : undefined;
}

/** Whether the payload of the section at `at`, which has an undamaged header, is undamaged too. */
export function isPayloadIntact(words: Int32Array, at: number): boolean {
  const payloadWords = words[at + sectionHeader.payloadWords];
  return sumMatches(words, at + sectionHeader.size, payloadWords, at + sectionHeader.payloadSum);
}

/** Seconds from the time a section was taken until `now`; a clock that was set back counts as no time at all. */
export function secondsSince(words: Int32Array, at: number, now: SnapshotClock): number {
  const bootId = at + sectionHeader.bootId;
  const sameBoot =
    now.bootId.some((word) => word !== 0) && now.bootId.every((word, i) => word === words[bootId + i]);
  const seconds = sameBoot
    ? now.monotonic - words[at + sectionHeader.monotonic]
    : now.wall - (words[at + sectionHeader.wall] >>> 0);
  return Math.max(0, seconds);
}

// Two sums, over even and odd words. Each step is a bijection of the sum and of the word, so a change within one word
// never goes unseen, and any other with a probability of 2^-32 or less. Not a protection against intent: the file is
// as private as the keys beside it.
let sum0 = 0;
let sum1 = 0;

function sum(words: Int32Array, at: number, count: number): void {
  let a = 0x2545f491;
  let b = count ^ 0x5bd1e995;
  const pairs = at + (count & ~1);
  let i = at;
  for (; i < pairs; i += 2) {
    a = Math.imul(a ^ words[i], 0x9e3779b1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ words[i + 1], 0x85ebca77);
    b = (b << 15) | (b >>> 17);
  }
  if (i < at + count) a = Math.imul(a ^ words[i], 0xc2b2ae3d);
  sum0 = a;
  sum1 = b;
}

function writeSum(words: Int32Array, at: number, count: number, to: number): void {
  sum(words, at, count);
  words[to] = sum0;
  words[to + 1] = sum1;
}

function sumMatches(words: Int32Array, at: number, count: number, sumAt: number): boolean {
  sum(words, at, count);
  return words[sumAt] === sum0 && words[sumAt + 1] === sum1;
}
