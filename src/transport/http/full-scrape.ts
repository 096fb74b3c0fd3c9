// Knows one scrape of everything: how it is collected in slices, compressed as it grows, and read by many at once.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { ByteWriter } from '../../protocol/byte-writer.ts';
import {
  encodeHttpScrapeCounts,
  encodeHttpScrapeHead,
  encodeHttpScrapeTail,
} from '../../protocol/http-scrape.ts';
import type { ScrapedSwarm, Tracker } from '../../tracker/tracker.ts';
import { ScrapePieces, toShared } from './scrape-pieces.ts';

/** For so long at once nobody else is answered. */
const sliceMs = 4;
/** Of the tracker's steps, fractions of a millisecond, so many are taken anyhow: a busy machine makes no short scrape long. */
const leastSteps = 16;
const pieceBytes = 1 << 15;

/** All of it, when it is short and was collected within a slice; else what comes. Throws what the tracker throws. */
export function beginFullScrape(tracker: Tracker): Uint8Array | ScrapePieces {
  const scrape = new FullScrape(tracker);
  if (scrape.whole !== undefined) return scrape.whole;
  void scrape.collect();
  return scrape.pieces;
}

/** The first slice of it: all, when it is short, else undefined; for a thread that leaves long ones to another. */
export function shortFullScrape(tracker: Tracker): Uint8Array | undefined {
  return new FullScrape(tracker).whole;
}

class FullScrape {
  /** All of it, when it is short and was collected within a slice; else `collect` is to be called, once. */
  readonly whole: Uint8Array | undefined;
  /** What is collected after that. */
  readonly pieces = new ScrapePieces();
  readonly #tracker: Tracker;
  readonly #swarms: Generator<ScrapedSwarm | undefined, void, undefined>;
  readonly #writer = new ByteWriter(pieceBytes + 256);

  /** Collects the first slice; throws what the tracker throws. */
  constructor(tracker: Tracker) {
    this.#tracker = tracker;
    this.#swarms = tracker.scrapeAll();
    encodeHttpScrapeHead(this.#writer);
    if (this.#slice()) this.whole = this.#writer.copy();
  }

  /** Collects the rest, with turns of the event loop between slices; what goes wrong is told to the readers. */
  async collect(): Promise<void> {
    const gzip = createGzip({ level: constants.Z_BEST_SPEED + 2, chunkSize: 1 << 16 });
    gzip.on('data', (piece: Uint8Array) => this.pieces.add(toShared(piece)));
    const ended = new Promise((resolve) => gzip.once('end', resolve));
    try {
      for (let done = false; !done; ) {
        done = this.#slice();
        if (done || this.#writer.length >= pieceBytes) await this.#pass(gzip);
        await nextTurn();
      }
      gzip.end();
      await ended;
      this.pieces.complete();
    } catch (error) {
      this.pieces.fail(error);
    }
  }

  /** Goes on until there is a piece, or time is up; true when that was all. */
  #slice(): boolean {
    const writer = this.#writer;
    const end = performance.now() + sliceMs;
    let steps = 0;
    while (writer.length < pieceBytes) {
      const { value: swarm, done } = this.#swarms.next();
      if (done) {
        encodeHttpScrapeTail(writer, this.#tracker.settings.minInterval);
        return true;
      }
      if (swarm !== undefined) encodeHttpScrapeCounts(writer, swarm.infoHash, 0, swarm);
      else if (++steps >= leastSteps && performance.now() >= end) return false;
    }
    return false;
  }

  async #pass(gzip: Gzip): Promise<void> {
    const piece = this.#writer.copy();
    this.#writer.clear();
    await new Promise<void>((resolve, reject) => {
      gzip.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
}
