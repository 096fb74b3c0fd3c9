// Knows how to ask one tracker again and again: a small live view on a terminal, a record a time everywhere else.
import { setTimeout as pause } from 'node:timers/promises';
import { Asker, type Result } from '../asking/query.ts';
import { isSuccess } from '../asking/tracker-answer.ts';
import { warmUp } from '../asking/warm-up.ts';
import type { Plan, Settings } from '../command/settings.ts';
import { csvHead, csvRows } from '../report/report-csv.ts';
import { resultObject } from '../report/report-json.ts';
import type { Console } from '../terminal/console.ts';
import { type KeyStream, onQuitKey } from '../terminal/quit-key.ts';
import { formatCsvCell, formatJson } from '../terminal/sanitise.ts';
import { WatchView } from './watch-view.ts';

/** Runs until Ctrl-C or q. Returns the exit code, which the last answer decides. */
export async function runWatch(
  plan: Plan & { mode: 'watch' },
  stdin: KeyStream,
  console: Console,
): Promise<number> {
  const { tracker, settings, seconds } = plan;
  const asker = new Asker(tracker, settings);
  const view =
    settings.format === 'table' && console.out.live
      ? new WatchView(console.out, tracker.text, seconds)
      : undefined;
  const quit = new AbortController();
  const giveBack = view ? onQuitKey(stdin, () => quit.abort()) : () => {};
  const over = AbortSignal.any([console.interrupt, quit.signal]);
  let last: Result | undefined;
  await warmUp(tracker.scheme);
  if (!view && settings.format === 'csv') await console.write(`time,${csvHead(settings.kind, false)}`);
  for (let round = 0; !over.aborted; round++) {
    const nextMs = performance.now() + seconds * 1000;
    // The peer has started once; from then on it only comes back.
    const result = await asker.ask(over, round === 0 || !last || !isSuccess(last) ? settings.event : 'none');
    if (over.aborted) break;
    last = result;
    if (view) view.add(result);
    else await console.write(recordOf(result, settings));
    await pause(Math.max(0, nextMs - performance.now()), undefined, { signal: over }).catch(() => {});
  }
  giveBack();
  view?.close();
  await asker.cleanUp();
  return last && isSuccess(last) ? 0 : 1;
}

/** A line of JSON or CSV that begins with the time. */
function recordOf(result: Result, settings: Settings): string {
  const time = new Date().toISOString();
  if (settings.format !== 'csv')
    return `${formatJson({ time, ...resultObject(result, settings.showPeers) })}\n`;
  return csvRows(result, false).replace(/^(?=.)/gm, `${formatCsvCell(time)},`);
}
