// Knows how a running batch looks on a terminal: a line for each tracker that is done, and below them a bar and who is being asked.

import { formatCount } from '../../cli/format-count.ts';
import type { Result } from '../asking/query.ts';
import { failureOf, isSuccess } from '../asking/tracker-answer.ts';
import { formatMs, leechersText, seedsText, speedOf } from '../report/wording.ts';
import { cutToWidth, displayWidth, padToWidth } from '../terminal/display-width.ts';
import { printable } from '../terminal/sanitise.ts';
import type { Line, Span, Terminal } from '../terminal/terminal.ts';

const redrawMs = 100;

/** A live footer where there is a terminal; elsewhere nothing. */
export class BatchProgress {
  readonly #terminal: Terminal;
  readonly #running = new Map<number, { url: string; startedMs: number }>();
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #finished = 0;
  #failed = 0;
  /** Undefined while the list is still being read. */
  #total: number | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#draw(), redrawMs);
    this.#timer.unref();
  }

  started(index: number, url: string): void {
    this.#running.set(index, { url, startedMs: performance.now() });
  }

  finished(index: number, succeeded: boolean): void {
    this.#running.delete(index);
    this.#finished++;
    if (!succeeded) this.#failed++;
  }

  set total(count: number) {
    this.#total = count;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#terminal.clearLive();
  }

  #draw(): void {
    if (!this.#terminal.live) return;
    const columns = this.#terminal.columns;
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const known = this.#total ?? this.#finished + this.#running.size;
    const count = ` ${this.#finished}/${this.#total ?? `${known}+`}`;
    const tail = `${count}  ${this.#failed} failed  ${this.#running.size} running  ${seconds.toFixed(0)} s`;
    const lines: Line[] = [
      [...bar(this.#finished / (known || 1), Math.min(30, columns - tail.length - 4)), tail],
    ];
    const oldest = [...this.#running.values()].slice(0, 4);
    for (const { url, startedMs } of oldest) {
      const age = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`.padStart(8);
      lines.push([{ text: `${age}  ${cutToWidth(url, columns - 12)}`, style: 'dim' }]);
    }
    this.#terminal.redraw(lines);
  }
}

function bar(share: number, columns: number): Span[] {
  const size = Math.max(columns, 5);
  const done = Math.round(Math.min(share, 1) * size);
  return [
    { text: '\u2588'.repeat(done), style: 'accent' },
    { text: '\u2591'.repeat(size - done), style: 'dim' },
  ];
}

/** One tracker of a batch in one line; with `cut` it fits `columns`, and the summary tells the rest. */
export function resultLine(index: number, result: Result, columns: number, cut: boolean): Line {
  const urlColumns = Math.max(24, Math.min(60, columns - 50));
  const url = padToWidth(cutToWidth(printable(result.tracker), urlColumns), urlColumns);
  const head = `${String(index + 1).padStart(4)}  ${url}  `;
  if (!isSuccess(result)) {
    const failure = printable(`failed: ${failureOf(result)}`);
    const room = columns - displayWidth(head) - 1;
    return [head, { text: cut ? cutToWidth(failure, room) : failure, style: 'bad' }];
  }
  const ms = result.responseTimeMs ?? 0;
  const { tier, style } = speedOf(ms);
  return [head, { text: `${formatMs(ms).padStart(8)} ${tier.padEnd(9)}`, style }, ` ${countsOf(result)}`];
}

function countsOf(result: Result): string {
  if ('torrents' in result) {
    const [only] = result.torrents;
    if (result.torrentCount !== 1 || !only) return formatCount(result.torrentCount, 'torrent');
    return `${seedsText(only.complete)} ${leechersText(only.incomplete)}`;
  }
  const { answer } = result;
  return `${seedsText(answer?.complete)} ${leechersText(answer?.incomplete)}`;
}
