// Knows what a whole batch amounts to: how many answered, how fast, and what went wrong how often.

import { formatCount } from '../../cli/format-count.ts';
import type { Result } from '../asking/query.ts';
import { failureOf, isSuccess } from '../asking/tracker-answer.ts';
import { formatMs, speedOf } from '../report/wording.ts';
import { wrapToWidth } from '../terminal/display-width.ts';
import { printable } from '../terminal/sanitise.ts';
import type { Line } from '../terminal/terminal.ts';

interface Success {
  tracker: string;
  ms: number;
}

/** Collects results as they come; keeps a line of each, not the peers. */
export class BatchSummary {
  readonly #successes: Success[] = [];
  readonly #failures: { tracker: string; reason: string }[] = [];

  add(result: Result): void {
    if (isSuccess(result)) this.#successes.push({ tracker: result.tracker, ms: result.responseTimeMs ?? 0 });
    else this.#failures.push({ tracker: result.tracker, reason: failureOf(result) });
  }

  get succeeded(): number {
    return this.#successes.length;
  }

  get failed(): number {
    return this.#failures.length;
  }

  /** `seconds` is how long the batch took; reasons are wrapped to `columns`. */
  lines(seconds: number, columns: number): Line[] {
    const total = this.succeeded + this.failed;
    const lines: Line[] = [
      [''],
      [
        { text: `${formatCount(total, 'tracker')} in ${seconds.toFixed(1)} s: `, style: 'bold' },
        { text: `${this.succeeded} answered`, style: 'good' },
        ', ',
        { text: `${this.failed} failed`, style: this.failed > 0 ? 'bad' : 'dim' },
      ],
    ];
    if (this.succeeded > 0) lines.push(...this.#speedLines());
    if (this.failed > 0) lines.push(...this.#failureLines(columns));
    return lines;
  }

  #speedLines(): Line[] {
    const sorted = [...this.#successes].sort((a, b) => a.ms - b.ms);
    const [fastest, slowest] = [sorted[0], sorted.at(-1)!];
    const average = sorted.reduce((sum, { ms }) => sum + ms, 0) / sorted.length;
    const tiers = new Map<string, number>();
    for (const { ms } of sorted) tiers.set(speedOf(ms).tier, (tiers.get(speedOf(ms).tier) ?? 0) + 1);
    const lines: Line[] = [
      [`Average   ${formatMs(average)}`],
      [`Fastest   ${formatMs(fastest.ms)}  ${fastest.tracker}`],
      [`Slowest   ${formatMs(slowest.ms)}  ${slowest.tracker}`],
      [''],
      [
        { text: 'Answered, by speed', style: 'bold' },
        `  (${[...tiers].map(([tier, count]) => `${count} ${tier}`).join(', ')})`,
      ],
    ];
    for (const { ms, tracker } of sorted) {
      lines.push(['  ', { text: formatMs(ms).padStart(9), style: speedOf(ms).style }, `  ${tracker}`]);
    }
    return lines;
  }

  #failureLines(columns: number): Line[] {
    const lines: Line[] = [[''], [{ text: 'Failed', style: 'bold' }]];
    for (const { tracker, reason } of this.#failures) {
      lines.push([`  ${tracker}`]);
      const wrapped = wrapToWidth(printable(reason), columns - 7);
      for (const text of wrapped) lines.push(['      ', { text, style: 'bad' }]);
    }
    return lines;
  }
}
