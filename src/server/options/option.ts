// What an option is, whoever reads or describes it.
import type { Kind } from './option-kinds.ts';

/** Where help and reference page list an option, in this order. */
export const optionGroups = [
  'Listening',
  'HTTPS',
  'Answers',
  'WebTorrent',
  'Clients behind proxies',
  'Protection',
  'Resources',
  'Cluster',
  'Admin',
  'Log',
  'General',
] as const;

export type OptionGroup = (typeof optionGroups)[number];

export interface Option<T> {
  group: OptionGroup;
  kind: Kind<NonNullable<T>>;
  /** `undefined`: not set, which `defaultText` explains. */
  default: T;
  /** What the help shows as the default where the value itself would say less. */
  defaultText?: string;
  /** One sentence or two, without the default. */
  help: string;
  placeholder?: string;
  /** For the example file, where the default is no value or differs from machine to machine. */
  example?: NonNullable<T>;
  /** What the example file, and so an installation, sets where the default is older than the reason. */
  shipped?: { value: NonNullable<T>; why: string };
  short?: string;
  /** A question to the program rather than a setting: only a flag, in no file and no environment. */
  flagOnly?: true;
  /**
   * Whether a reload takes up another value in the file; in words, where only some values. Without it a restart is
   * needed, or a takeover.
   */
  reload?: true | string;
  /** Its value without what is secret in it, for `--check`, pages and the API; unless it is to be seen whole. */
  shown?: (value: NonNullable<T>) => NonNullable<T>;
  /** Names the file of settings, so it cannot stand in one. */
  notInFile?: true;
}

/** Has the compiler check an option of a table without making its type any wider. */
export function option<T>(value: Option<T>): Option<T> {
  return value;
}
