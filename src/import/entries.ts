// A configuration of whatever syntax as a list of its values, each with the way to it and its line.
import type { Place } from './findings.ts';

export interface Source {
  /** As it was named. */
  path: string;
  text: string;
}

export interface Entry {
  /** Keys from the outermost; the items of a list of tables count from 0. */
  way: readonly string[];
  value: unknown;
  place: Place;
}

/** Never repeated: what is in a comment or on a terminal is read by more people than what is in the file. */
const secrets = new Set(['private_key', 'admin', 'password', 'token', 'redis_broker']);

export function entryOf(
  source: Source,
  way: readonly string[],
  value: unknown,
  line: number | undefined,
): Entry {
  const key = way.join('.');
  const secret = way.some((part) => secrets.has(part));
  return { way, value, place: { file: source.path, line, text: `${key} = ${secret ? '…' : shown(value)}` } };
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.length > 3) return `[${value.length} items]`;
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return withoutCredentials(text);
}

/** `mysql://user:password@host` without what stands before the host. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^\s"]*@/g, '://…@');
}
