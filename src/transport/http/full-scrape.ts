// Knows how a scrape of everything goes out over HTTP: piece by piece, as fast as the client reads, few at a time.
import type { ServerResponse } from 'node:http';
import { ByteWriter } from '../../protocol/byte-writer.ts';
import {
  encodeHttpScrapeEntry,
  encodeHttpScrapeHead,
  encodeHttpScrapeTail,
} from '../../protocol/http-scrape.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { HttpConnection } from './http-connections.ts';
import { streamAnswer } from './http-send.ts';

/** Each holds the info_hashes of all swarms while it runs, and a pipeline could ask for thousands. */
const maxStreams = 4;
const pieceBytes = 1 << 15;

export class FullScrapes {
  readonly #tracker: Tracker;
  #streams = 0;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** No further one may begin. */
  get busy(): boolean {
    return this.#streams >= maxStreams;
  }

  /**
   * Begins one: the whole answer when it is short, else undefined, and what follows goes out by itself. `ended` is told
   * of what cut it short.
   */
  begin(
    response: ServerResponse,
    connection: HttpConnection,
    gzip: boolean,
    close: boolean,
    ended: (error: unknown) => void,
  ): Uint8Array | undefined {
    const pieces = encodeFullScrape(this.#tracker);
    const first = pieces.next().value!;
    const second = pieces.next().value;
    if (second === undefined) return first;
    this.#streams++;
    connection.streams++;
    streamAnswer(response, chain([first, second], pieces), gzip, close)
      .catch(ended)
      .finally(() => {
        this.#streams--;
        connection.streams--;
      });
    return undefined;
  }
}

/** Everything that a full scrape answers; each piece is made when it is asked for. */
function* encodeFullScrape(tracker: Tracker): Generator<Uint8Array, undefined> {
  const writer = new ByteWriter(pieceBytes + 256);
  encodeHttpScrapeHead(writer);
  for (const swarm of tracker.scrapeAll()) {
    encodeHttpScrapeEntry(writer, swarm.infoHash, 0, swarm);
    if (writer.length < pieceBytes) continue;
    yield writer.copy();
    writer.clear();
  }
  encodeHttpScrapeTail(writer, tracker.settings.minInterval);
  yield writer.copy();
}

function* chain(begun: Iterable<Uint8Array>, rest: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield* begun;
  yield* rest;
}
