// Knows which shells a completion can be written for.

import { formatBashCompletion } from './completion-bash.ts';
import { formatFishCompletion } from './completion-fish.ts';
import { formatZshCompletion } from './completion-zsh.ts';
import type { Program } from './program.ts';
import { UsageError } from './usage-error.ts';

const writers = {
  bash: formatBashCompletion,
  zsh: formatZshCompletion,
  fish: formatFishCompletion,
};
export type Shell = keyof typeof writers;
export const shells = Object.keys(writers) as Shell[];

/** Throws a UsageError for a shell that is not known. */
export function formatCompletion(shell: string, program: Program): string {
  if (!Object.hasOwn(writers, shell))
    throw new UsageError(`no completion for '${shell}'; bash, zsh and fish are known`);
  return writers[shell as Shell](program);
}
