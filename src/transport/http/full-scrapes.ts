// Knows who is sent a scrape of everything, from which collection, and who has to leave when there are too many.
//
// Collected for each request, twenty a second that are broken off stopped HTTP, and with places for a few at a time
// slow readers kept everybody else out. A collection goes on in slices of 4 ms, is compressed as it grows (about 27
// bytes a swarm; who takes no gzip gets it decompressed on the way) and is given to everybody for 10 s. One that fits
// in 32 KiB is made for each question, so that a small tracker shows what is true now.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Access } from '../../tracker/access.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { ClientAddress } from '../client-address.ts';
import { FairPlaces } from '../fair-places.ts';
import { beginFullScrape } from './full-scrape.ts';
import type { HttpConnection } from './http-connections.ts';
import { streamAnswer } from './http-send.ts';
import { type ScrapePieces, toShared } from './scrape-pieces.ts';

/** For so long after it is complete a collection is given to whoever asks. */
const keptMs = 10_000;
/** For so long a reader of an older collection may hold up a new one. */
const longestReadMs = 60_000;
/** Each holds the window of a decompressor, about 100 KB, when it takes no gzip. */
export const defaultMaxReaders = 256;

interface Reader {
  readonly scrape: ScrapePieces;
  readonly response: ServerResponse;
}

/**
 * One for all HTTP and HTTPS listeners of a thread. Everybody reads the same collection at a pace of their own, so that a
 * slow reader is in nobody's way; two collections are held at most, the latest and one that is still being read. When there
 * are too many readers, whoever has most loses the one that came first (fair-places.ts).
 */
export class FullScrapes {
  readonly #tracker: Tracker;
  readonly #begin: () => Uint8Array | ScrapePieces;
  readonly #readers: FairPlaces<Reader>;
  #latest: ScrapePieces | undefined;
  /** The rules of access when it was begun: a torrent that is refused since then is in no answer. */
  #latestRules: Access | undefined;
  #former: ScrapePieces | undefined;
  #formerSince = 0;

  /** @param begin begins to collect, here or in another thread */
  constructor(tracker: Tracker, maxReaders = defaultMaxReaders, begin = () => beginFullScrape(tracker)) {
    this.#tracker = tracker;
    this.#begin = begin;
    this.#readers = new FairPlaces(maxReaders);
  }

  /**
   * Begins an answer: the whole of it when it is short, else undefined, and what follows goes out by itself. `ended` is
   * told of what cut it short.
   */
  begin(
    response: ServerResponse,
    connection: Pick<HttpConnection, 'address' | 'streams'>,
    gzip: boolean,
    close: boolean,
    ended: (error: unknown) => void,
  ): Uint8Array | undefined {
    const scrape = this.#current();
    if (scrape instanceof Uint8Array) return scrape;
    const key = keyOf(connection.address);
    const reader = { scrape, response };
    this.#enter(key, reader);
    connection.streams++;
    streamAnswer(response, scrape.read(), gzip, close)
      .catch(ended)
      .finally(() => {
        connection.streams--;
        this.#leave(key, reader);
      });
    return undefined;
  }

  /**
   * Has another thread read what is to be read now, as one reader that never waits; resolves to how many milliseconds ago
   * it was complete, rejects with what cut it short.
   */
  async relay(send: (piece: Uint8Array<SharedArrayBuffer>) => void): Promise<number> {
    const scrape = this.#current();
    if (scrape instanceof Uint8Array) {
      send(toShared(gzipSync(scrape)));
      return 0;
    }
    scrape.readers++;
    try {
      for await (const piece of scrape.read()) send(piece);
      return scrape.ageMs;
    } finally {
      scrape.readers--;
      this.#forgetUnread();
    }
  }

  /** What is to be read now; a short one is as new as the question. */
  #current(): ScrapePieces | Uint8Array {
    const latest = this.#latest;
    const now = performance.now();
    const rules = this.#tracker.protection.access;
    const isByRules = this.#latestRules === rules;
    if (isByRules && latest?.isFresh(keptMs)) return latest;
    if (latest !== undefined && this.#former !== undefined) {
      if (isByRules && !latest.failed && now - this.#formerSince < longestReadMs) return latest;
      this.#cut(this.#former);
    }
    const scrape = this.#begin();
    if (scrape instanceof Uint8Array) return scrape;
    if (latest !== undefined && latest.readers > 0) {
      this.#former = latest;
      this.#formerSince = now;
    }
    this.#latest = scrape;
    this.#latestRules = rules;
    void scrape.ended.then(() => setTimeout(() => this.#forgetUnread(), keptMs + 1).unref());
    return scrape;
  }

  #enter(key: string, reader: Reader): void {
    reader.scrape.readers++;
    const lost = this.#readers.take(key, reader);
    if (lost !== undefined) this.#end(lost);
  }

  #leave(key: string, reader: Reader): void {
    if (this.#readers.giveBack(key, reader)) this.#forget(reader);
  }

  #end(reader: Reader): void {
    reader.response.destroy();
    this.#forget(reader);
  }

  #forget(reader: Reader): void {
    reader.scrape.readers--;
    this.#forgetUnread();
  }

  #forgetUnread(): void {
    if (this.#former?.readers === 0) this.#former = undefined;
    if (this.#latest?.readers === 0 && !this.#latest.isFresh(keptMs)) this.#latest = undefined;
  }

  #cut(scrape: ScrapePieces): void {
    for (const [key, reader] of this.#readers) {
      if (reader.scrape === scrape && this.#readers.giveBack(key, reader)) this.#end(reader);
    }
  }
}

/** One IPv6 subscriber has a /64 at least. */
function keyOf({ family, words }: ClientAddress): string {
  return family === 4 ? `${words[0]}` : `${words[0]} ${words[1]}`;
}
