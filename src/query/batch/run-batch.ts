// Knows how a batch is reported: lines and totals for people, one document or one table for programs, never mixed.
import type { Readable } from 'node:stream';
import type { Result } from '../asking/query.ts';
import { isSuccess } from '../asking/tracker-answer.ts';
import type { Plan, Settings } from '../command/settings.ts';
import { csvHead, csvPeers, csvRows } from '../report/report-csv.ts';
import { resultObject } from '../report/report-json.ts';
import { peerLines } from '../report/report-table.ts';
import type { Console } from '../terminal/console.ts';
import { formatJson } from '../terminal/sanitise.ts';
import { InOrder, runQueries } from './batch.ts';
import { readTrackerList } from './batch-list.ts';
import { BatchProgress, resultLine } from './batch-progress.ts';
import { BatchSummary } from './batch-summary.ts';

/** Where results go; `result` is called in the order of the list, or, for people, as they come. */
interface BatchReport {
  begin(): void;
  result(index: number, result: Result): void;
  end(summary: BatchSummary, seconds: number): void;
}

/** Returns the exit code: 0 when any tracker answered. */
export async function runBatch(
  plan: Plan & { mode: 'batch' },
  stdin: Readable,
  console: Console,
): Promise<number> {
  const { settings, jobs, delayMs, source } = plan;
  const report =
    settings.format === 'table' ? linesReport(settings, console) : machineReport(settings, console);
  const progress = new BatchProgress(settings.format === 'table' ? console.out : console.err);
  const summary = new BatchSummary();
  const startedMs = performance.now();
  report.begin();
  try {
    // A file's length is worth knowing before the first query; standard input is taken as it comes.
    const list = readTrackerList(source, stdin);
    const whole = 'file' in source && source.file === '-' ? undefined : await collect(list);
    if (whole) progress.total = whole.length;
    const urls = whole ?? list;
    await runQueries(
      urls,
      { settings, jobs, delayMs, interrupt: console.interrupt },
      {
        started: (index, url) => progress.started(index, url),
        finished: (index, result) => {
          progress.finished(index, isSuccess(result));
          summary.add(result);
          report.result(index, result);
        },
      },
    );
  } finally {
    progress.close();
    report.end(summary, (performance.now() - startedMs) / 1000);
  }
  if (summary.succeeded + summary.failed === 0 && !console.interrupt.aborted) {
    console.complain('the list holds no tracker');
    return 2;
  }
  return summary.succeeded > 0 ? 0 : 1;
}

async function collect(list: AsyncIterable<string>): Promise<string[]> {
  const urls: string[] = [];
  for await (const url of list) urls.push(url);
  return urls;
}

function linesReport(settings: Settings, console: Console): BatchReport {
  return {
    begin: () => {},
    result: (index, result) => {
      console.out.line(...resultLine(index, result, console.out.columns, console.out.live));
      if (settings.showPeers && !('torrents' in result) && result.answer) {
        for (const line of peerLines(result.answer, settings.lookup)) console.out.line('    ', ...line);
      }
    },
    end: (summary, seconds) => {
      // A log or another program wants whole lines.
      const columns = console.out.live ? console.out.columns : Number.POSITIVE_INFINITY;
      for (const line of summary.lines(seconds, columns)) console.out.line(...line);
    },
  };
}

/** One JSON document, JSON lines, or one CSV table (and one of peers), each written on as soon as its turn has come. */
function machineReport(settings: Settings, console: Console): BatchReport {
  const { format, kind, showPeers, lookup } = settings;
  const withPeers: Result[] = [];
  let written = 0;
  const write = (text: string) => void console.write(text);
  const inOrder = new InOrder<Result>((result) => {
    const object = () => formatJson(resultObject(result, showPeers));
    if (format === 'csv') {
      write(csvRows(result, true));
      if (showPeers) withPeers.push(result);
    } else if (format === 'jsonl') write(`${object()}\n`);
    else write(`${written > 0 ? ',' : ''}\n  ${object()}`);
    written++;
  });
  return {
    begin: () => {
      if (format === 'csv') write(csvHead(kind, true));
      if (format === 'json') write('[');
    },
    result: (index, result) => inOrder.add(index, result),
    end: () => {
      inOrder.flush();
      if (format === 'json') write(`${written > 0 ? '\n' : ''}]\n`);
      if (format === 'csv' && showPeers && kind === 'announce') {
        write(`\r\n${csvPeers(withPeers, { showPeers, lookup, batch: true })}`);
      }
    },
  };
}
