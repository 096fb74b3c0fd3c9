// Times of answers that are made without the kernel: in processes of their own, one after another, as memory lies
// elsewhere in each; each gives the time that nine in ten of its rounds took longer than.
import { spawnSync } from 'node:child_process';
import type { TrackerSettings } from '../src/tracker/tracker.ts';
import { describeCommit, describeMachine, pinned } from './machine.ts';
import { formatTable, median } from './table.ts';

export const trackerSettings: TrackerSettings = {
  interval: 1800,
  minInterval: 0,
  maxPeers: 200,
  maxScrapeHashes: 5,
  fullScrape: false,
  trackerId: '',
  ipv4Mapped: true,
  refusedPorts: [],
};

/** The options that each of these benchmarks has, as parseArgs takes them. */
export const answerOptions = {
  peers: { type: 'string', default: '100000' },
  torrents: { type: 'string', default: '10000' },
  /** Of which each row is the median. */
  processes: { type: 'string', default: '8' },
} as const;

/**
 * Prints a row of medians for each way to ask.
 * @param script has itself measured when it is given the words of a row, and prints nanoseconds
 */
export function compareAnswers(
  script: string,
  flags: readonly string[],
  { peers, torrents, processes }: Readonly<Record<keyof typeof answerOptions, string>>,
  column: string,
  ways: readonly (readonly [name: string, word: string])[],
): void {
  console.log(`commit ${describeCommit()}; ${describeMachine()}`);
  console.log(`${torrents} torrents, ${peers} peers, numwant 50; medians of ${processes} processes\n`);
  const rows = ways.map(([name, word]) => {
    const times = Array.from({ length: Number(processes) }, () => measureApart(script, [...flags, word]));
    return [name, median(times).toFixed(0), Math.min(...times).toFixed(0)];
  });
  console.log(formatTable([column, 'ns/answer', 'least'], rows));
}

function measureApart(script: string, words: readonly string[]): number {
  const [command, ...args] = pinned(0, [process.execPath, script, ...words]);
  const { stdout, status } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`it ended with ${status}`);
  return Number(stdout);
}

/** The time of a round that nine in ten take longer than; `round` returns nanoseconds of an answer. */
export function quickTenth(round: () => number, warmUpMs: number, measuredMs: number): number {
  const times: number[] = [];
  const begin = performance.now();
  while (performance.now() < begin + warmUpMs + measuredMs) {
    const time = round();
    if (performance.now() > begin + warmUpMs) times.push(time);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 10)];
}
