// What a scrape over WebTorrent is answered: of some torrents, or of all where that may be asked.
import { type Failure, fullScrapeRefused, fullScrapeTooLarge } from '../../protocol/failure.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import { idBytes, type WebTorrentMessage } from '../../protocol/webtorrent-message.ts';
import {
  encodeWebTorrentScrapeHead,
  encodeWebTorrentScrapeItem,
  encodeWebTorrentScrapeTail,
} from '../../protocol/webtorrent-replies.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';
import type { WebTorrentLimits } from './webtorrent-limits.ts';

export interface WebTorrentScrapesOptions {
  readonly tracker: Tracker;
  readonly counters: WebTorrentCounters;
  readonly limits: Pick<WebTorrentLimits, 'maxFullScrape'>;
}

export class WebTorrentScrapes {
  readonly #options: WebTorrentScrapesOptions;
  readonly #frame: FrameWriter;
  readonly #message: WebTorrentMessage;
  /** What is decoded into the message is already where the store reads it. */
  readonly #infoHashes: Int32Array;
  readonly #counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };

  /** @param message what has been read last */
  constructor(frame: FrameWriter, message: WebTorrentMessage, options: WebTorrentScrapesOptions) {
    this.#options = options;
    this.#frame = frame;
    this.#message = message;
    this.#infoHashes = new Int32Array(message.infoHashes.buffer);
  }

  /** Writes the answer into the frame, which its caller ends; or says why there is none. */
  write(): Failure | undefined {
    const { hashCount, infoHashes } = this.#message;
    if (hashCount === 0) return this.#writeAll();
    const { tracker } = this.#options;
    const writer = this.#frame.begin();
    encodeWebTorrentScrapeHead(writer);
    for (let i = 0; i < hashCount; i++) {
      tracker.scrape(this.#infoHashes, i * infoHashWords, this.#counts);
      encodeWebTorrentScrapeItem(writer, i, infoHashes, i * idBytes, this.#counts);
    }
    encodeWebTorrentScrapeTail(writer, tracker.settings.minInterval);
    return undefined;
  }

  #writeAll(): Failure | undefined {
    const { tracker, limits, counters } = this.#options;
    if (!tracker.settings.fullScrape) return fullScrapeRefused;
    if (tracker.swarmCount > limits.maxFullScrape) return fullScrapeTooLarge;
    counters.fullScrapes++;
    const writer = this.#frame.begin();
    encodeWebTorrentScrapeHead(writer);
    let index = 0;
    for (const swarm of tracker.scrapeAll()) {
      if (swarm === undefined) continue;
      encodeWebTorrentScrapeItem(writer, index++, swarm.infoHash, 0, swarm);
    }
    encodeWebTorrentScrapeTail(writer, tracker.settings.minInterval);
    return undefined;
  }
}
