// What an operator refuses, allows again or drops at one node reaches all of them: what is said of it, and how it is read.

import type { Note } from './subscriber.ts';

const actions = ['deny', 'undeny', 'denyNetwork', 'undenyNetwork', 'drop', 'reload'] as const;
export type ListAction = (typeof actions)[number];

/** `subject` is an info_hash of 40 hexadecimal digits, a network, or nothing (for `reload`). */
export interface ListNews {
  readonly action: ListAction;
  readonly subject: string;
}

export function noteOfList({ action, subject }: ListNews): Note {
  return { is: 'list', action, subject };
}

/** `undefined` for what is none, or what another version may say. */
export function listNewsOf({ is, action, subject }: Note): ListNews | undefined {
  if (is !== 'list' || typeof subject !== 'string' || subject.length > 100) return undefined;
  const known = actions.find((one) => one === action);
  return known && { action: known, subject };
}
