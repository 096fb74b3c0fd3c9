// How one log line reads as text, and what the place it goes to adds to it by itself.
//
// Lines carry the time everywhere but in systemd's journal, whose lines carry their priority instead. Container engines
// stamp lines too, but show it only when asked.
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { styleText } from 'node:util';

export interface TextStyle {
  color: boolean;
  /** Begin each line with the local time. */
  time: boolean;
  /** Begin each line with the priority that systemd's journal strips and files (`<4>` is a warning). */
  journalPriority: boolean;
}

export const plainStyle: TextStyle = { color: false, time: false, journalPriority: false };

/**
 * Colour only on a terminal and without NO_COLOR. Only systemd's journal shows the time of each line by itself;
 * what is behind a pipe may or may not.
 */
export function textStyleFor(
  fd: number,
  environment: Readonly<Record<string, string | undefined>>,
): TextStyle {
  const journalPriority = isJournal(fd, environment.JOURNAL_STREAM);
  const terminal = isatty(fd);
  return {
    color: terminal && !environment.NO_COLOR && environment.TERM !== 'dumb',
    time: !journalPriority,
    journalPriority,
  };
}

// systemd names device and inode of the journal's socket; a redirected stdout is another file.
function isJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

const priorities: Record<string, number> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Turns pino's JSON line into text: `[<priority>][time ][Warning: ]message[ key=value …]`, with a line break. */
export function formatLogLine(line: string, style: TextStyle): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const values = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const start = style.journalPriority ? `<${priorities[String(level)] ?? 6}>` : '';
  const stamp = style.time ? `${paint(style, 'gray', formatLocalTime(new Date(String(time))))} ` : '';
  return `${start}${stamp}${mark(String(level), style)}${String(msg)}${values.join('')}\n`;
}

function mark(level: string, style: TextStyle): string {
  if (level === 'warn') return `${paint(style, 'yellow', 'Warning:')} `;
  if (level === 'error') return `${paint(style, 'red', 'Error:')} `;
  return level === 'debug' ? `${paint(style, 'gray', 'Debug:')} ` : '';
}

// Nothing but plain words stays without quotes, so that a value cannot pass for further fields.
function formatValue(value: unknown): string {
  const text = String(value);
  return /^[\w.:/[\]-]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}

// The stream is judged above, by what this program knows; styleText would judge by process.stdout.
function paint(style: TextStyle, color: 'gray' | 'yellow' | 'red', text: string): string {
  return style.color ? styleText(color, text, { validateStream: false }) : text;
}

/** `2026-11-22 17:35:00` in the local time zone. */
function formatLocalTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
