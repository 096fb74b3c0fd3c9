// Knows when an answer is worth compressing and compresses it: most are addresses, which are noise and do not shrink.
//
// A pass over repeated bytes (3 µs) decides whether zlib (44 µs) is asked: peers on one network, mapped ones,
// dictionaries and scrapes do shrink.
import { constants, gzipSync } from 'node:zlib';

/** gzip's own header and trailer, and the block's. */
const overheadBytes = 20;
/** A match as it stands in the output: about 18 bits of length and distance. */
const matchBytes = 2.25;
const hashBits = 11;
/** What the beginning promises the rest will hold. */
const probedBytes = 4096;

// Where each hash of 4 bytes was seen last. What stands there of earlier answers stays: a match is compared before it counts.
const seenAt = new Uint16Array(1 << hashBits);

/** `bytes[0 .. length)` compressed, or undefined when that would not be smaller. */
export function gzipIfSmaller(bytes: Uint8Array, length: number): Buffer | undefined {
  if (!looksCompressible(bytes, length)) return undefined;
  // A window no larger than the answer: setting up zlib's usual one costs more than compressing.
  const windowBits = Math.min(15, Math.max(9, 32 - Math.clz32(length)));
  const memLevel = length < 4096 ? 4 : 8;
  const compressed = gzipSync(bytes.subarray(0, length), {
    level: constants.Z_BEST_SPEED + 2,
    windowBits,
    memLevel,
  });
  return compressed.length < length ? compressed : undefined;
}

/**
 * Whether repeated bytes promise to save more than gzip adds. One pass like zlib's own over the first 4 KiB. For a
 * common reply it measured 3 µs, where asking zlib took 44; it decides only whether to ask.
 */
export function looksCompressible(bytes: Uint8Array, length: number): boolean {
  const end = Math.min(length, probedBytes);
  let cost = overheadBytes;
  let at = 0;
  while (at < end) {
    const from = at + 4 <= end ? lastSeen(bytes, at) : -1;
    let run = 0;
    if (from >= 0) while (at + run < end && run < 258 && bytes[from + run] === bytes[at + run]) run++;
    if (run >= 4) {
      cost += matchBytes;
      at += run;
    } else {
      // Bytes from 144 on take 9 bits.
      cost += bytes[at] < 144 ? 1 : 1.125;
      at++;
    }
  }
  return cost < end;
}

/** Where the 4 bytes at `at` may have been before, or -1; notes that they are here. */
function lastSeen(bytes: Uint8Array, at: number): number {
  const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  const slot = Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
  const from = seenAt[slot];
  seenAt[slot] = at;
  return from < at ? from : -1;
}
