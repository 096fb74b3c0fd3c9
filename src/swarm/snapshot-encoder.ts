// How the store becomes a row of sections: one call a section, so that whoever writes them decides on the pace.

import { header } from './layout.ts';
import {
  maxSectionWords,
  type SnapshotClock,
  sealSection,
  sectionHeader,
  sectionKind,
} from './snapshot-format.ts';
import type { SnapshotReader } from './snapshot-reader.ts';
import type { StoreClock } from './store-clock.ts';

export class SnapshotEncoder {
  readonly #reader: SnapshotReader;
  readonly #clock: StoreClock;
  readonly #secondsPerTick: number;
  readonly #section: Int32Array<ArrayBuffer>;
  #sections = 0;
  #ended = false;
  /** Of all sections so far. */
  peers = 0;
  bytes = 0;

  /** @param sectionWords how long a section may become; 12,000 at least, so that any fragment fits into one */
  constructor(
    words: Int32Array,
    reader: SnapshotReader,
    clock: StoreClock,
    sectionWords: number = maxSectionWords,
  ) {
    this.#clock = clock;
    this.#section = new Int32Array(sectionWords);
    this.#reader = reader;
    this.#secondsPerTick = words[header.secondsPerTick];
  }

  /**
   * The bytes of the next section, at most 1 MiB, overwritten by the next call; `undefined` after the last one. Any
   * one thread may call, and no call holds a lock of the store for longer than a slice.
   */
  next(clock: SnapshotClock): Uint8Array | undefined {
    if (this.#ended) return undefined;
    const section = this.#section;
    section.fill(0, 0, sectionHeader.size);
    this.#ended = this.#reader.done;
    section[sectionHeader.kind] = this.#ended ? sectionKind.end : sectionKind.swarms;
    section[sectionHeader.number] = this.#sections++;
    section[sectionHeader.secondsPerTick] = this.#secondsPerTick;
    section[sectionHeader.tick] = this.#clock.tick(clock.monotonic);
    let end: number = sectionHeader.size;
    if (!this.#ended) {
      end = this.#reader.read(section, end, section.length);
      section[sectionHeader.fragments] = this.#reader.fragments;
      section[sectionHeader.peers] = this.#reader.peers;
      this.peers += this.#reader.peers;
    }
    sealSection(section, end - sectionHeader.size, clock);
    this.bytes += end * 4;
    return new Uint8Array(section.buffer, 0, end * 4);
  }
}
