// What the old tracker of a takeover sends of its swarms: all of them while it still answers, then only what changes.
import type { ChangeEncoder } from '../../swarm/change-encoder.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { snapshotClock } from '../storage/snapshot-clock.ts';

/** Resolves when so much is under way that the next may follow; rejects when nobody reads any more. */
export type SendBytes = (bytes: Uint8Array) => Promise<void>;

/** 128 KiB, encoded in well under a millisecond of the thread that also answers HTTP. */
const sectionWords = 1 << 15;
/** What has changed goes in between when much of it is noted, so many sections at a time. */
const changesInBetween = 8;
/** Fewer changes than this are left for the moment in which nobody answers. */
const fewChanges = 500;
/** A tracker that changes faster than it can be copied is taken over all the same, with a longer gap. */
const mostRounds = 50;

export class StoreCopy {
  readonly #store: SwarmStore;
  readonly #changes: ChangeEncoder;
  readonly #send: SendBytes;
  #closed = false;

  /** From here on changes are noted, until `close`. */
  constructor(store: SwarmStore, send: SendBytes) {
    this.#store = store;
    this.#changes = store.createChangeEncoder();
    this.#send = send;
  }

  /**
   * Two rows of sections, each with its `end`: the swarms, with some of what changes in between, and what has changed
   * until there is little left. Rejects with what the sending fails with, or an Error when too much changes.
   */
  async sendWhileServing(): Promise<void> {
    const encoder = this.#store.createSnapshotEncoder(sectionWords);
    for (let section = encoder.next(snapshotClock()); section; section = encoder.next(snapshotClock())) {
      await this.#sendSlice(section);
      if (this.#changes.isFilling) await this.#sendChanges(changesInBetween);
    }
    for (let round = 0; round < mostRounds; round++) {
      if ((await this.#sendChanges()) < fewChanges) break;
    }
    await this.#send(this.#changes.end(snapshotClock()));
  }

  /** The last row, once nothing changes any more. */
  async sendRest(): Promise<void> {
    await this.#sendChanges();
    await this.#send(this.#changes.end(snapshotClock()));
  }

  close(): void {
    this.#closed = true;
    this.#changes.close();
  }

  /** Returns how many there were. */
  async #sendChanges(most = Number.POSITIVE_INFINITY): Promise<number> {
    let names = 0;
    for (let sections = 0; sections < most; sections++) {
      const section = this.#next();
      if (section === undefined) break;
      names += this.#changes.names;
      await this.#sendSlice(section);
    }
    return names;
  }

  #next(): Uint8Array | undefined {
    return this.#changes.next(snapshotClock());
  }

  /** Lets whatever else has arrived have its turn. */
  async #sendSlice(section: Uint8Array): Promise<void> {
    await this.#send(section);
    await new Promise(setImmediate);
    if (this.#closed) throw new Error('the copy was given up');
  }
}
