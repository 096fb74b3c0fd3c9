// The trackers that can be moved in from.
import type { Source } from './entries.ts';
import { aquatic } from './from-aquatic.ts';
import { bittorrentTracker } from './from-bittorrent-tracker.ts';
import { chihaya } from './from-chihaya.ts';
import { opentracker } from './from-opentracker.ts';
import { torrust } from './from-torrust.ts';
import { wildkat } from './from-wildkat.ts';
import type { Transfer } from './transfer.ts';

export interface OtherTracker {
  /** What its files are, for messages. */
  files: string;
  /**
   * Reads its configuration: settings, listeners, lists and remarks, and its defaults after them.
   * @param sources every file that is no list, in the order in which they were named
   * @throws UsageError for a file that is none of its own
   */
  read(sources: readonly Source[], transfer: Transfer): void | Promise<void>;
}

export const otherTrackers = {
  opentracker,
  'bittorrent-tracker': bittorrentTracker,
  chihaya,
  aquatic,
  torrust,
  wildkat,
} satisfies Record<string, OtherTracker>;

export type OtherTrackerName = keyof typeof otherTrackers;
export const otherTrackerNames = Object.keys(otherTrackers) as OtherTrackerName[];
