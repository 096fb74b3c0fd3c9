// The tracker's own log: levels, fields, escaping and sampling, written through pino as text or JSON.

import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeForLog } from '../../cli/escape-for-log.ts';
import { formatCount } from '../../cli/format-count.ts';
import { formatLogLine, type TextStyle } from './log-text.ts';
import { type RecentLine, RecentLines } from './recent-lines.ts';
import { RepeatedLines } from './repeated-lines.ts';

/** Values that vary stand in fields, so that a message stays the same text and its repetitions can be counted. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Where the lines go. */
export interface LogDestination extends DestinationStream {
  /** Lines that could not be written since the start; none where it is not said. */
  readonly lost?: number;
}

export interface LogOptions {
  format: 'text' | 'json';
  verbose: boolean;
  style: TextStyle;
}

/**
 * Warnings and errors with the same message are sampled: after a few, the rest of a minute is only counted.
 * What stands in a message or a field may come from a peer: it is escaped here, for every caller.
 */
export class Log {
  #pino: Logger;
  readonly #style: TextStyle;
  readonly #destination: LogDestination;
  readonly #recent = new RecentLines();
  readonly #repeated = new RepeatedLines((level, message, count) =>
    this.#write(level, `${message} (${formatCount(count, 'more time')} in the last minute)`),
  );

  constructor(destination: LogDestination, { format, verbose, style }: LogOptions) {
    this.#destination = destination;
    this.#style = style;
    this.#pino = this.#create({ format, verbose });
  }

  /** Writes in another form, or more or less, from now on. */
  change(how: Pick<LogOptions, 'format' | 'verbose'>): void {
    this.#pino = this.#create(how);
  }

  #create({ format, verbose }: Pick<LogOptions, 'format' | 'verbose'>): Logger {
    const destination = this.#destination;
    const text: DestinationStream = { write: (line) => destination.write(formatLogLine(line, this.#style)) };
    return pino(
      {
        level: verbose ? 'debug' : 'info',
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      format === 'json' ? destination : text,
    );
  }

  /** Whether `debug` writes anything: a caller on a hot path asks before it builds a line. */
  get verbose(): boolean {
    return this.#pino.isLevelEnabled('debug');
  }

  /** Lines that could not be written since the start. */
  get linesLost(): number {
    return this.#destination.lost ?? 0;
  }

  /** The last warnings and errors that were written, the newest first; fewer than a hundred and one. */
  recent(): RecentLine[] {
    return this.#recent.list();
  }

  debug(message: string, fields?: LogFields): void {
    if (this.verbose) this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#repeated.admit('warn', message)) this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    if (this.#repeated.admit('error', message)) this.#write('error', message, fields);
  }

  /** Writes what was held back and stops counting. */
  close(): void {
    this.#repeated.close();
  }

  #write(level: Level, message: string, fields: LogFields = {}): void {
    const escaped: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(fields)) {
      escaped[key] = typeof value === 'string' ? escapeForLog(value) : value;
    }
    const text = escapeForLog(message);
    if (level === 'warn' || level === 'error') this.#recent.add(Date.now(), level, text, escaped);
    this.#pino[level](escaped, text);
  }
}
