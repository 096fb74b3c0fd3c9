// Knows who is sent a scrape of everything, from which collection, and who has to leave when there are too many.
import type { ServerResponse } from 'node:http';
import type { Tracker } from '../../tracker/tracker.ts';
import type { ClientAddress } from '../client-address.ts';
import { FullScrape } from './full-scrape.ts';
import type { HttpConnection } from './http-connections.ts';
import { streamAnswer } from './http-send.ts';

/** For so long after it is complete a collection is given to whoever asks. */
const keptMs = 10_000;
/** For so long a reader of an older collection may hold up a new one. */
const longestReadMs = 60_000;
/** Each holds the window of a decompressor, about 100 KB, when it takes no gzip. */
const defaultMaxReaders = 256;

interface Reader {
  readonly scrape: FullScrape;
  readonly response: ServerResponse;
}

/**
 * One for all HTTP and HTTPS listeners. Everybody reads the same collection at a pace of their own, so that a slow reader
 * is in nobody's way; two collections are held at most, the latest and one that is still being read. When there are
 * too many readers, whoever has most loses the one that came first.
 */
export class FullScrapes {
  readonly #tracker: Tracker;
  readonly #maxReaders: number;
  readonly #readers = new Map<string, Set<Reader>>();
  #readerCount = 0;
  #latest: FullScrape | undefined;
  #former: FullScrape | undefined;
  #formerSince = 0;

  constructor(tracker: Tracker, maxReaders = defaultMaxReaders) {
    this.#tracker = tracker;
    this.#maxReaders = maxReaders;
  }

  /**
   * Begins an answer: the whole of it when it is short, else undefined, and what follows goes out by itself. `ended` is
   * told of what cut it short.
   */
  begin(
    response: ServerResponse,
    connection: HttpConnection,
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

  /** What is to be read now; a short one is as new as the question. */
  #current(): FullScrape | Uint8Array {
    const latest = this.#latest;
    const now = performance.now();
    if (latest?.isFresh(keptMs)) return latest;
    if (latest !== undefined && this.#former !== undefined) {
      if (!latest.failed && now - this.#formerSince < longestReadMs) return latest;
      this.#cut(this.#former);
    }
    const scrape = new FullScrape(this.#tracker);
    if (scrape.whole !== undefined) return scrape.whole;
    if (latest !== undefined && latest.readers > 0) {
      this.#former = latest;
      this.#formerSince = now;
    }
    this.#latest = scrape;
    void scrape.collect().then(() => setTimeout(() => this.#forgetUnread(), keptMs + 1).unref());
    return scrape;
  }

  #enter(key: string, reader: Reader): void {
    if (this.#readerCount >= this.#maxReaders) this.#cutOne();
    const own = this.#readers.get(key) ?? new Set();
    this.#readers.set(key, own);
    own.add(reader);
    reader.scrape.readers++;
    this.#readerCount++;
  }

  #leave(key: string, reader: Reader): void {
    const own = this.#readers.get(key);
    if (!own?.delete(reader)) return;
    if (own.size === 0) this.#readers.delete(key);
    reader.scrape.readers--;
    this.#readerCount--;
    this.#forgetUnread();
  }

  #forgetUnread(): void {
    if (this.#former?.readers === 0) this.#former = undefined;
    if (this.#latest?.readers === 0 && !this.#latest.isFresh(keptMs)) this.#latest = undefined;
  }

  #cutOne(): void {
    let key = '';
    let most: Set<Reader> | undefined;
    for (const [each, readers] of this.#readers) {
      if (most !== undefined && readers.size <= most.size) continue;
      key = each;
      most = readers;
    }
    for (const first of most ?? []) {
      first.response.destroy();
      this.#leave(key, first);
      return;
    }
  }

  #cut(scrape: FullScrape): void {
    for (const [key, readers] of this.#readers) {
      for (const reader of readers) {
        if (reader.scrape !== scrape) continue;
        reader.response.destroy();
        this.#leave(key, reader);
      }
    }
  }
}

/** One IPv6 subscriber has a /64 at least. */
function keyOf({ family, words }: ClientAddress): string {
  return family === 4 ? `${words[0]}` : `${words[0]} ${words[1]}`;
}
