// Knows the plain use of tracker-query: one tracker, asked once or until it answers, and its result in the wanted format.
import { setTimeout as pause } from 'node:timers/promises';
import { calledAs } from '../cli/called-as.ts';
import { addLoss, type Loss } from './asking/effort.ts';
import { type Query, queryTracker, type Result } from './asking/query.ts';
import { failureOf, isSuccess } from './asking/tracker-answer.ts';
import type { Settings } from './command/settings.ts';
import type { TrackerUrl } from './network/tracker-url.ts';
import { csvHead, csvPeers, csvRows } from './report/report-csv.ts';
import { resultObject } from './report/report-json.ts';
import { announceLines, scrapeLines } from './report/report-table.ts';
import type { Console } from './terminal/console.ts';
import { formatJson } from './terminal/sanitise.ts';

const retryPauseMs = 2000;

/** Returns the exit code. */
export async function runSingle(
  tracker: TrackerUrl,
  settings: Settings,
  attempts: number,
  console: Console,
): Promise<number> {
  const { result, cleanUp } = await queryUntilAnswered(tracker, settings, attempts, console);
  await printResult(result, settings, console);
  await cleanUp();
  return isSuccess(result) ? 0 : 1;
}

async function queryUntilAnswered(
  tracker: TrackerUrl,
  settings: Settings,
  attempts: number,
  console: Console,
): Promise<Query> {
  let loss: Loss | undefined;
  for (let attempt = 1; ; attempt++) {
    const query = await queryTracker(tracker, settings, console.interrupt);
    const { result } = query;
    loss = loss ? addLoss(loss, result.loss) : result.loss;
    result.loss = loss;
    if (isSuccess(result) || result.permanent || attempt >= attempts || console.interrupt.aborted)
      return query;
    const of = attempts === Number.POSITIVE_INFINITY ? '' : ` of ${attempts}`;
    console.complain(
      `attempt ${attempt}${of}: ${failureOf(result)}; trying again in ${retryPauseMs / 1000} s`,
    );
    await query.cleanUp();
    await pause(retryPauseMs, undefined, { signal: console.interrupt }).catch(() => {});
    if (console.interrupt.aborted) return query;
  }
}

async function printResult(result: Result, settings: Settings, console: Console): Promise<void> {
  const { format, showPeers, lookup } = settings;
  if (format === 'table') {
    const lines = 'torrents' in result ? scrapeLines(result) : announceLines(result, { showPeers, lookup });
    for (const line of lines) console.out.line(...line);
    if (result.error !== undefined && !console.interrupt.aborted) {
      const text = `${calledAs('tracker-query')} doctor ${quoteForShell(result.tracker)}  says why`;
      console.out.line('');
      console.out.line({ text, style: 'dim' });
    }
    return;
  }
  if (format === 'csv') {
    await console.write(csvHead(settings.kind, false) + csvRows(result, false));
    if (showPeers && settings.kind === 'announce') {
      await console.write(`\r\n${csvPeers([result], { showPeers, lookup, batch: false })}`);
    }
    if (!isSuccess(result)) console.complain(failureOf(result));
    return;
  }
  await console.write(`${formatJson(resultObject(result, showPeers), format === 'json' ? 2 : 0)}\n`);
}

/** As it can be typed into a shell. */
function quoteForShell(word: string): string {
  return /^[\w:/.[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
