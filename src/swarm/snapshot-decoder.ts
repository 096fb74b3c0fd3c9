// How a row of sections is read back, whatever has happened to it: a damaged one is skipped, the next one is found.

import type { ChangeLoader } from './change-loader.ts';
import {
  isPayloadIntact,
  isSectionHeader,
  maxSectionWords,
  otherVersionAt,
  type SnapshotClock,
  secondsSince,
  sectionHeader,
  sectionKind,
} from './snapshot-format.ts';
import type { LoadedCounts, SnapshotLoader } from './snapshot-loader.ts';

/** Fills the beginning of `target` with the next bytes of the snapshot and returns how many; 0 at its end. */
export type ReadBytes = (target: Uint8Array) => number;

export interface DecodedSnapshot extends LoadedCounts {
  /** Sections that were read, and stretches that had to be skipped. */
  sections: number;
  damaged: number;
  /** Whether the last section is there; without it the snapshot was cut off. */
  complete: boolean;
  /** The version that wrote it, if it is another one than this: then nothing was read from there on. */
  otherVersion?: number;
}

export class SnapshotDecoder {
  readonly #loader: SnapshotLoader;
  readonly #changeLoader: ChangeLoader;
  readonly #read: ReadBytes;
  readonly #words = new Int32Array(2 * maxSectionWords);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  /** The bytes that are in the buffer but not looked at yet. */
  #from = 0;
  #until = 0;
  #atEnd = false;

  constructor(loader: SnapshotLoader, changeLoader: ChangeLoader, read: ReadBytes) {
    this.#loader = loader;
    this.#changeLoader = changeLoader;
    this.#read = read;
  }

  /**
   * Loads everything that is undamaged. Throws only what `read` throws.
   * @param overwrite false where peers that the store has already are newer than the snapshot
   * @param untilEnd true returns after the `end` of a row, where another row may follow that is not there yet
   */
  decode(now: SnapshotClock, overwrite: boolean, untilEnd = false): DecodedSnapshot {
    const before = { ...this.#loader.counts };
    const found: Pick<DecodedSnapshot, 'sections' | 'damaged' | 'complete' | 'otherVersion'> = {
      sections: 0,
      damaged: 0,
      complete: false,
    };
    let searching = false;
    while (!(untilEnd && found.complete) && this.#have(sectionHeader.size * 4)) {
      const at = this.#from / 4;
      if (!isSectionHeader(this.#words, at)) {
        const otherVersion = otherVersionAt(this.#words, at);
        if (otherVersion !== undefined) {
          found.otherVersion = otherVersion;
          break;
        }
        if (!searching) found.damaged++;
        searching = true;
        this.#from += 4;
        continue;
      }
      searching = false;
      const words = sectionHeader.size + this.#words[at + sectionHeader.payloadWords];
      if (!this.#have(words * 4)) {
        found.damaged++;
        // What lies behind the header may still be an undamaged section, if something was cut out of this one.
        this.#from += 4;
        searching = true;
        continue;
      }
      // Reading on may have moved everything to the front of the buffer.
      const section = this.#from / 4;
      this.#from += words * 4;
      if (!isPayloadIntact(this.#words, section) || !this.#load(section, words, now, overwrite)) {
        found.damaged++;
      } else if (this.#words[section + sectionHeader.kind] === sectionKind.end) {
        found.complete = true;
      } else {
        found.sections++;
      }
    }
    const { peers, expired, refused } = this.#loader.counts;
    return {
      ...found,
      peers: peers - before.peers,
      expired: expired - before.expired,
      refused: refused - before.refused,
    };
  }

  #load(section: number, length: number, now: SnapshotClock, overwrite: boolean): boolean {
    const words = this.#words;
    const since = secondsSince(words, section, now);
    const secondsPerTick = Math.max(1, words[section + sectionHeader.secondsPerTick]);
    const tick = words[section + sectionHeader.tick];
    this.#loader.begin(tick, secondsPerTick, since, now.monotonic, overwrite);
    const loader =
      words[section + sectionHeader.kind] === sectionKind.changes ? this.#changeLoader : this.#loader;
    const end = section + length;
    for (let at = section + sectionHeader.size; at < end; ) {
      at = loader.load(words, at, end);
      if (at < 0) return false;
    }
    return true;
  }

  /** Whether `bytes` bytes lie from `#from` on, after reading on if need be. */
  #have(bytes: number): boolean {
    if (this.#until - this.#from >= bytes) return true;
    if (this.#atEnd) return false;
    this.#bytes.copyWithin(0, this.#from, this.#until);
    this.#until -= this.#from;
    this.#from = 0;
    while (this.#until < bytes && !this.#atEnd) {
      const read = this.#read(this.#bytes.subarray(this.#until));
      if (read === 0) this.#atEnd = true;
      this.#until += read;
    }
    return this.#until >= bytes;
  }
}
