/** Knows the query string and the answer of an HTTP scrape (BEP 48, BEP 21) as a tracker reads and writes them. */
import type { ByteWriter } from './byte-writer.ts';
import { type Failure, missingInfoHash, tooManyParameters } from './failure.ts';
import { HttpQuery, queryName } from './http-query.ts';
import { decodePercent } from './percent.ts';

/** Parameters other than info_hash; no client sends any. */
const maxOthers = 100;
const hashBytes = 20;

/** What a scrape asks. One instance is reused for every request. */
export class HttpScrapeQuestion {
  /** `count` info_hashes of 20 bytes, ascending and each once, as they stand in the answer. */
  readonly infoHashes: Uint8Array<ArrayBuffer>;
  /** How many were asked for, each once. */
  count = 0;
  /** The most that are answered. */
  readonly max: number;

  /** `max` is the largest number of info_hashes that is answered. */
  constructor(max: number) {
    this.max = max;
    this.infoHashes = new Uint8Array(max * hashBytes);
  }
}

/** What is known of one info_hash. */
export interface ScrapeCounts {
  /** Seeders. */
  complete: number;
  /** Leechers. */
  incomplete: number;
  /** How often it was downloaded whole. */
  downloaded: number;
  /** Leechers that still download: not the partial seeds of BEP 21. */
  downloaders: number;
}

const INFO_HASH = queryName('info_hash');
const query = new HttpQuery();
const value = new Uint8Array(hashBytes);

/**
 * Reads the query string `bytes[at .. end)` into `into` and returns undefined, or what is wrong with it. Of more
 * info_hashes than `into.max` the first ones are taken: a refusal makes clients ask the same for ever. No info_hash at all is no fault here: `count` is 0, and a full scrape is asked for.
 */
export function decodeHttpScrape(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: HttpScrapeQuestion,
): Failure | undefined {
  let others = 0;
  into.count = 0;
  query.start(bytes, at, end);
  while (query.next()) {
    if (!query.is(INFO_HASH)) {
      if (++others > maxOthers) return tooManyParameters;
      continue;
    }
    if (into.count === into.max) break;
    if (decodePercent(bytes, query.valueAt, query.valueEnd, value) !== hashBytes) return missingInfoHash;
    insert(into);
  }
  return undefined;
}

/** Puts `value` where it belongs among the info_hashes, unless it is there. */
function insert(into: HttpScrapeQuestion): void {
  const { infoHashes } = into;
  let at = into.count * hashBytes;
  for (; at > 0; at -= hashBytes) {
    const order = compare(infoHashes, at - hashBytes);
    if (order === 0) return;
    if (order < 0) break;
  }
  infoHashes.copyWithin(at + hashBytes, at, into.count * hashBytes);
  infoHashes.set(value, at);
  into.count++;
}

/** How the 20 bytes at `at` compare to `value`. */
function compare(infoHashes: Uint8Array, at: number): number {
  for (let i = 0; i < hashBytes; i++) {
    const difference = infoHashes[at + i] - value[i];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Appends what comes before the torrents. */
export function encodeHttpScrapeHead(writer: ByteWriter): void {
  writer.latin1('d5:filesd');
}

/** Appends the counts of the info_hash at `at`. They come in ascending order of their info_hashes. */
export function encodeHttpScrapeCounts(
  writer: ByteWriter,
  infoHashes: Uint8Array,
  at: number,
  counts: ScrapeCounts,
): void {
  writer.latin1('20:');
  writer.raw(infoHashes, at, hashBytes);
  writer.latin1('d8:completei');
  writer.digits(counts.complete);
  writer.latin1('e10:downloadedi');
  writer.digits(counts.downloaded);
  writer.latin1('e11:downloadersi');
  writer.digits(counts.downloaders);
  writer.latin1('e10:incompletei');
  writer.digits(counts.incomplete);
  writer.latin1('ee');
}

/** Appends what comes after the torrents; `minRequestInterval` in seconds. */
export function encodeHttpScrapeTail(writer: ByteWriter, minRequestInterval: number): void {
  writer.latin1('e5:flagsd20:min_request_intervali');
  writer.digits(minRequestInterval);
  writer.latin1('eee');
}
