// How a filter's decisions about torrents come to hold for a while, for this thread and for others that ask.
import type { Failure } from '../protocol/failure.ts';
import { monotonicSeconds } from '../server/clock.ts';
import { DecisionTable } from '../tracker/decision-table.ts';
import type { Decision } from '../tracker/pending-decisions.ts';
import { formatInfoHash, parseInfoHash } from './info-hash-bytes.ts';

/** For torrents that other threads have asked about; who announces one more asks again later. */
const mostAtOnce = 1000;

export class TorrentDecisions {
  readonly #table: DecisionTable;
  readonly #decide: (infoHash: string) => Decision | Promise<Decision>;
  readonly #underWay = new Map<string, Promise<Decision>>();
  #closed = false;

  /** `ttl`: seconds, 1 or more. `decide` never throws and never rejects. */
  constructor(ttl: number, decide: (infoHash: string) => Decision | Promise<Decision>) {
    this.#table = DecisionTable.create(ttl, crypto.getRandomValues(new Int32Array(2)));
    this.#decide = decide;
  }

  /** What other threads decide by. */
  get memory(): SharedArrayBuffer {
    return this.#table.buffer;
  }

  /** Begins to decide what other threads ask for. */
  listen(): void {
    const { words, at } = this.#table.signal;
    const seen = Atomics.load(words, at);
    this.#table.takeAsked((infoHash, from) => {
      if (this.#underWay.size < mostAtOnce) void this.#of(formatInfoHash(infoHash, from));
    });
    const waiting = Atomics.waitAsync(words, at, seen);
    const again = () => {
      if (!this.#closed) this.listen();
    };
    if (waiting.async) void waiting.value.then(again);
    else queueMicrotask(again);
  }

  close(): void {
    this.#closed = true;
    // Whoever waits for an ask that never comes would be kept for ever.
    const { words, at } = this.#table.signal;
    Atomics.notify(words, at);
  }

  /** The decision that holds, or the one that is being made. */
  of(infoHash: Int32Array, at: number): Decision | Promise<Decision> {
    const known = this.#table.lookUp(infoHash, at, monotonicSeconds());
    return known === 'unknown' ? this.#of(formatInfoHash(infoHash, at)) : known;
  }

  #of(infoHash: string): Decision | Promise<Decision> {
    const underWay = this.#underWay.get(infoHash);
    if (underWay !== undefined) return underWay;
    const decision = this.#decide(infoHash);
    if (!(decision instanceof Promise)) return this.#note(infoHash, decision);
    const noted = decision.then((made) => {
      this.#underWay.delete(infoHash);
      return this.#note(infoHash, made);
    });
    this.#underWay.set(infoHash, noted);
    return noted;
  }

  #note(infoHash: string, decision: Failure | undefined): Decision {
    // What went wrong holds for nobody else.
    if (decision === undefined || decision.kind === 'not_allowed')
      this.#table.decide(parseInfoHash(infoHash), 0, decision, monotonicSeconds());
    return decision;
  }
}
