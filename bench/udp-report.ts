// How the results of a UDP benchmark are summed up: medians per server, and ratios of servers in the same round.

import { formatCount, median, type Rows } from './table.ts';
import type { LoadResult } from './udp-load.ts';
import { names } from './udp-servers.ts';

/** The results of each server that took part, one for each round. */
export type Results = ReadonlyMap<string, readonly LoadResult[]>;

/** What the tracker with one worker must reach against another server, in answers per second. */
export const targets: readonly (readonly [string, number])[] = [
  [names.opentracker, 2],
  [names.bittorrentTracker, 20],
  [names.dgram, 2.5],
  [names.responder, 0.8],
];

export const resultHead = [
  'server',
  'answers/s',
  'lowest',
  'highest',
  'p50 ms',
  'p99 ms',
  'lost',
  'errors',
  'peers/reply',
  'filled',
  'server core',
  'load core',
];

/** Medians over the rounds; `lost` and `errors` are sums. The cores are how busy the two were. */
export function resultRows(results: Results): Rows {
  return [...results].map(([name, rounds]) => {
    const of = (pick: (result: LoadResult) => number) => median(rounds.map(pick));
    const rates = rounds.map((result) => result.answersPerSecond);
    const sum = (pick: (result: LoadResult) => number) =>
      rounds.reduce((total, result) => total + pick(result), 0);
    return [
      name,
      formatCount(median(rates)),
      formatCount(Math.min(...rates)),
      formatCount(Math.max(...rates)),
      of((result) => result.p50Ms).toFixed(2),
      of((result) => result.p99Ms).toFixed(2),
      String(sum((result) => result.counts.lost)),
      String(sum((result) => result.counts.errors + result.counts.nonsense)),
      of((result) => result.meanPeers).toFixed(1),
      percent(of((result) => result.filled)),
      percent(of((result) => result.serverBusy)),
      percent(of((result) => result.loadBusy)),
    ];
  });
}

export const ratioHead = [
  'caracal, 1 worker, against',
  'answers/s',
  'per second of server',
  'by p50',
  'target',
];

/**
 * Medians of the rounds' ratios. A machine that does other work at the same time disturbs the second column less,
 * which divides by the processor time that each server was given, and the third least: with a fixed number of requests
 * under way the usual time of an answer is the inverse of the undisturbed rate.
 */
export function ratioRows(results: Results): Rows {
  const ours = results.get(names.workers);
  if (!ours) return [];
  return targets.flatMap(([name, target]) => {
    const theirs = results.get(name);
    if (!theirs) return [];
    const ratio = (pick: (result: LoadResult) => number) =>
      median(ours.map((result, round) => pick(result) / pick(theirs[round])));
    return [
      [
        name,
        `${ratio((result) => result.answersPerSecond).toFixed(2)} x`,
        `${ratio((result) => result.answersPerSecond / result.serverBusy).toFixed(2)} x`,
        `${ratio((result) => 1 / result.p50Ms).toFixed(2)} x`,
        `${target.toFixed(1)} x`,
      ],
    ];
  });
}

function percent(share: number): string {
  return share < 0 ? '?' : `${Math.round(share * 100)} %`;
}
