// The only place from which text reaches a terminal: everything is made printable here, and only our own colours pass.
import type { Writable } from 'node:stream';
import { cutToWidth, displayWidth } from './display-width.ts';
import { printable } from './sanitise.ts';

export type Style = 'bold' | 'dim' | 'good' | 'warning' | 'bad' | 'accent';

/** A piece of a line. A bare string is unstyled. */
export type Span = string | { text: string; style: Style };
export type Line = readonly Span[];

const codes: Record<Style, string> = {
  bold: '1',
  dim: '2',
  good: '32',
  warning: '33',
  bad: '31',
  accent: '36',
};

export interface TerminalOptions {
  /** Colour and live views are for people: both need a terminal, and `NO_COLOR` or `--nocolor` ends colour. */
  colour: boolean;
  live: boolean;
  columns: number;
}

type TerminalStream = Writable & { isTTY?: boolean; columns?: number };

export class Terminal {
  readonly #stream: TerminalStream;
  readonly #colour: boolean;
  readonly #fixedColumns: number | undefined;
  /** Whether a live view may redraw here. */
  readonly live: boolean;
  /** What the live view shows now, and how many rows of the window it takes. */
  #liveText = '';
  #liveLines = 0;

  constructor(stream: TerminalStream, options: Partial<TerminalOptions> & { nocolor?: boolean } = {}) {
    const terminal = stream.isTTY === true && process.env.TERM !== 'dumb';
    const wanted = !options.nocolor && !process.env.NO_COLOR;
    this.#stream = stream;
    this.#colour = options.colour ?? (terminal && wanted);
    this.live = options.live ?? terminal;
    this.#fixedColumns = options.columns;
  }

  /** Columns of the window; 100 where there is none, so that a pipe gets whole lines. */
  get columns(): number {
    return this.#fixedColumns ?? (this.#stream.isTTY ? this.#stream.columns || 80 : 100);
  }

  /** A line that stays; a live view moves down to make room. */
  line(...spans: Span[]): void {
    this.#stream.write(`${this.#eraseLive()}${this.#render(spans)}\n${this.#liveText}`);
  }

  /** Replaces the live view by these lines, each cut to one row of the window. Nothing where there is no terminal. */
  redraw(lines: readonly Line[]): void {
    if (!this.live) return;
    const rows = lines.map((line) => `${this.#render(cutLine(line, this.columns - 1))}\n`);
    const erase = this.#eraseLive();
    this.#liveText = rows.join('');
    this.#liveLines = rows.length;
    this.#stream.write(erase + this.#liveText);
  }

  clearLive(): void {
    if (this.#liveLines > 0) this.#stream.write(this.#eraseLive());
    this.keepLive();
  }

  /** Leaves the live view standing as ordinary lines. */
  keepLive(): void {
    this.#liveText = '';
    this.#liveLines = 0;
  }

  #eraseLive(): string {
    return this.#liveLines > 0 ? `\x1b[${this.#liveLines}A\r\x1b[J` : '';
  }

  #render(spans: Line): string {
    let text = '';
    for (const span of spans) {
      if (typeof span === 'string') text += printable(span);
      else if (!this.#colour || span.text === '') text += printable(span.text);
      else text += `\x1b[${codes[span.style]}m${printable(span.text)}\x1b[0m`;
    }
    return text;
  }
}

function cutLine(line: Line, columns: number): Line {
  const kept: Span[] = [];
  let left = columns;
  for (const span of line) {
    const text = cutToWidth(printable(spanText(span)), left);
    kept.push(typeof span === 'string' ? text : { text, style: span.style });
    left -= displayWidth(text);
    if (left <= 0) break;
  }
  return kept;
}

function spanText(span: Span): string {
  return typeof span === 'string' ? span : span.text;
}
