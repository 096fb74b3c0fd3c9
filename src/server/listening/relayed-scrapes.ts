// Full scrapes in a thread that does not collect them: short ones here, and the pieces of a long one from the main thread.
import type { Tracker } from '../../tracker/tracker.ts';
import { shortFullScrape } from '../../transport/http/full-scrape.ts';
import { ScrapePieces } from '../../transport/http/scrape-pieces.ts';

export class RelayedScrapes {
  readonly #tracker: Tracker;
  readonly #ask: (number: number) => void;
  /** By the number under which they were asked for. */
  readonly #growing = new Map<number, ScrapePieces>();
  #asked = 0;

  /** @param ask has the main thread send one under this number */
  constructor(tracker: Tracker, ask: (number: number) => void) {
    this.#tracker = tracker;
    this.#ask = ask;
  }

  begin(): Uint8Array | ScrapePieces {
    const short = shortFullScrape(this.#tracker);
    if (short !== undefined) return short;
    const pieces = new ScrapePieces();
    this.#growing.set(++this.#asked, pieces);
    this.#ask(this.#asked);
    return pieces;
  }

  add(number: number, piece: Uint8Array<SharedArrayBuffer>): void {
    this.#growing.get(number)?.add(piece);
  }

  complete(number: number, ageMs: number): void {
    this.#growing.get(number)?.complete(ageMs);
    this.#growing.delete(number);
  }

  fail(number: number, message: string): void {
    this.#growing.get(number)?.fail(new Error(message));
    this.#growing.delete(number);
  }
}
