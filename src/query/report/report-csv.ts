// Knows the CSV of results: one table of announces or of torrents, and a second table of peers where they are asked for.

import type { AnnounceResult, ScrapeResult } from '../asking/tracker-answer.ts';
import { formatCsvRow } from '../terminal/sanitise.ts';

export interface CsvOptions {
  showPeers: boolean;
  lookup: boolean;
  /** Several trackers in one table: their URLs must be in it, which they are not in the scrape of one. */
  batch: boolean;
}

const announceColumns =
  'tracker,response_time_ms,interval,min_interval,seeds,leechers,downloaded,ipv4_peers,ipv6_peers,warning_message,failure_reason,external_ip,tracker_id';

/** The first line of the table that results go into. */
export function csvHead(kind: 'announce' | 'scrape', batch: boolean): string {
  if (kind === 'announce') return `${announceColumns}\r\n`;
  return `${batch ? 'tracker,' : ''}info_hash,complete,incomplete,downloaded,name\r\n`;
}

/** The rows of one result. A tracker without an answer shows why in `failure_reason`. */
export function csvRows(result: AnnounceResult | ScrapeResult, batch: boolean): string {
  return 'torrents' in result ? scrapeRows(result, batch) : announceRow(result);
}

function announceRow({ tracker, responseTimeMs, answer, error }: AnnounceResult): string {
  return formatCsvRow([
    tracker,
    responseTimeMs,
    answer?.interval,
    answer?.minInterval,
    answer?.complete,
    answer?.incomplete,
    answer?.downloaded,
    answer?.ipv4Peers,
    answer?.ipv6Peers,
    answer?.warningMessage,
    error ?? answer?.failureReason,
    answer?.externalIp,
    answer?.trackerId,
  ]);
}

function scrapeRows({ tracker, torrents }: ScrapeResult, batch: boolean): string {
  return torrents
    .map(({ infoHash, complete, incomplete, downloaded, name }) =>
      formatCsvRow([...(batch ? [tracker] : []), infoHash, complete, incomplete, downloaded, name]),
    )
    .join('');
}

/** The second table: the peers of all results. */
export function csvPeers(results: readonly (AnnounceResult | ScrapeResult)[], options: CsvOptions): string {
  const names = ['ip', 'port', 'type', 'peer_id'];
  if (options.lookup) names.unshift('hostname');
  if (options.batch) names.unshift('tracker');
  let text = formatCsvRow(names);
  for (const result of results) {
    if ('torrents' in result) continue;
    for (const { ip, port, type, peerId, hostname } of result.answer?.peers ?? []) {
      const cells = type === 'webrtc' ? [null, null, type, peerId] : [ip, port, type, peerId];
      if (options.lookup) cells.unshift(hostname);
      if (options.batch) cells.unshift(result.tracker);
      text += formatCsvRow(cells);
    }
  }
  return text;
}
