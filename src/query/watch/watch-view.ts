// Knows how a watch looks on a terminal: the latest numbers, how they have changed, and a sparkline of each.

import { formatCount } from '../../cli/format-count.ts';
import { addLoss, type Loss, type StepName } from '../asking/effort.ts';
import type { Result } from '../asking/query.ts';
import { failureOf, isSuccess } from '../asking/tracker-answer.ts';
import { formatLoss, formatMs } from '../report/wording.ts';
import type { Line, Span, Terminal } from '../terminal/terminal.ts';
import { sparkline } from './sparkline.ts';

// More are forgotten; no window is wider.
const longestHistory = 300;
const labelColumns = 12;
const numberColumns = 10;

interface Series {
  label: string;
  values: (number | null)[];
  format: (value: number) => string;
}

export class WatchView {
  readonly #terminal: Terminal;
  readonly #url: string;
  readonly #seconds: number;
  readonly #seeds: Series = { label: 'Seeds', values: [], format: String };
  readonly #leechers: Series = { label: 'Leechers', values: [], format: String };
  readonly #response: Series = { label: 'Response', values: [], format: formatMs };
  /** The steps that have been met, in the order of their way. */
  readonly #steps: Series[] = [];
  #loss: Loss | undefined;
  #answers = 0;
  #failures = 0;
  #lastFailure = '';

  constructor(terminal: Terminal, url: string, seconds: number) {
    this.#terminal = terminal;
    this.#url = url;
    this.#seconds = seconds;
  }

  add(result: Result): void {
    const succeeded = isSuccess(result);
    if (succeeded) this.#answers++;
    else {
      this.#failures++;
      this.#lastFailure = `${new Date().toTimeString().slice(0, 8)}  ${failureOf(result)}`;
    }
    const { complete, incomplete } = countsOf(result);
    push(this.#seeds, succeeded ? complete : null);
    push(this.#leechers, succeeded ? incomplete : null);
    push(this.#response, succeeded ? result.responseTimeMs : null);
    this.#addSteps(result);
    this.#loss = this.#loss ? addLoss(this.#loss, result.loss) : result.loss;
    this.#draw();
  }

  /** Leaves the last view standing. */
  close(): void {
    this.#terminal.keepLive();
  }

  #addSteps({ steps }: Result): void {
    const { length } = this.#response.values;
    for (const { name } of steps) {
      if (this.#steps.some(({ label }) => label === labelOf(name))) continue;
      const values = new Array<null>(length - 1).fill(null);
      this.#steps.push({ label: labelOf(name), values, format: formatMs });
    }
    this.#steps.sort((a, b) => order.indexOf(a.label) - order.indexOf(b.label));
    for (const series of this.#steps) {
      push(series, steps.find(({ name }) => labelOf(name) === series.label)?.ms ?? null);
    }
  }

  #draw(): void {
    const failed: Span = {
      text: formatCount(this.#failures, 'failure'),
      style: this.#failures > 0 ? 'bad' : 'dim',
    };
    const head = ['', 'now', 'change', 'least', 'most'].map((text, index) =>
      text.padStart(index === 0 ? labelColumns : numberColumns),
    );
    const lines: Line[] = [
      [{ text: this.#url, style: 'bold' }],
      [
        `every ${this.#seconds} s: ${formatCount(this.#answers, 'answer')}, `,
        failed,
        { text: '  (q ends it)', style: 'dim' },
      ],
      [''],
      [{ text: head.join(''), style: 'dim' }],
      this.#seriesLine(this.#seeds),
      this.#seriesLine(this.#leechers),
      this.#seriesLine(this.#response),
      ...this.#steps.map((step) => this.#seriesLine(step)),
      ...this.#lossLines(),
    ];
    if (this.#lastFailure !== '') {
      lines.push([''], ['Last failure  ', { text: this.#lastFailure, style: 'bad' }]);
    }
    this.#terminal.redraw(lines);
  }

  #lossLines(): Line[] {
    if (!this.#loss) return [];
    const text = formatLoss(this.#loss);
    return [['Lost'.padEnd(labelColumns + 1), { text, style: this.#loss.lost > 0 ? 'bad' : 'dim' }]];
  }

  #seriesLine({ label, values, format }: Series): Line {
    const known = values.filter((value) => value !== null);
    const now = values.at(-1) ?? null;
    const shown = (value: number | null | undefined) =>
      (value === null || value === undefined ? '-' : format(value)).padStart(numberColumns);
    const graphColumns = Math.max(8, this.#terminal.columns - labelColumns - 4 * numberColumns - 4);
    const extremes = known.length === 0 ? [null, null] : [Math.min(...known), Math.max(...known)];
    return [
      label.padEnd(labelColumns),
      { text: shown(now), style: 'bold' },
      changeOf(values, format),
      shown(extremes[0]),
      shown(extremes[1]),
      '  ',
      { text: sparkline(values.slice(-graphColumns)), style: 'accent' },
    ];
  }
}

/** The steps stand below the response time, of which they are parts. */
function labelOf(name: StepName): string {
  return `  ${name}`;
}

const ways: readonly StepName[] = ['DNS', 'connect', 'TLS', 'first byte', 'announce', 'scrape'];
const order: readonly string[] = ways.map(labelOf);

/** The step from the answer before to the latest one. */
function changeOf(values: readonly (number | null)[], format: (value: number) => string): Span {
  const [before, now] = values.filter((value) => value !== null).slice(-2);
  if (before === undefined || now === undefined || values.at(-1) === null) return '-'.padStart(numberColumns);
  const step = now - before;
  if (step === 0) return { text: '='.padStart(numberColumns), style: 'dim' };
  return `${step > 0 ? '+' : '-'}${format(Math.abs(step))}`.padStart(numberColumns);
}

function push({ values }: Series, value: number | null): void {
  values.push(value);
  if (values.length > longestHistory) values.shift();
}

function countsOf(result: Result): { complete: number | null; incomplete: number | null } {
  const counts = 'torrents' in result ? result.torrents[0] : result.answer;
  return { complete: counts?.complete ?? null, incomplete: counts?.incomplete ?? null };
}
