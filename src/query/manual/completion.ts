// Knows which shells a completion can be written for.
import { UsageError } from '../usage-error.ts';
import { formatBashCompletion } from './completion-bash.ts';
import { formatFishCompletion } from './completion-fish.ts';
import { formatZshCompletion } from './completion-zsh.ts';
import type { ManualProgram } from './program.ts';

const writers: Record<string, (program: ManualProgram) => string> = {
  bash: formatBashCompletion,
  zsh: formatZshCompletion,
  fish: formatFishCompletion,
};

/** Throws a UsageError for a shell that is not known. */
export function formatCompletion(shell: string, program: ManualProgram): string {
  if (!Object.hasOwn(writers, shell)) {
    throw new UsageError(`no completion for '${shell}'; bash, zsh and fish are known`);
  }
  return writers[shell]!(program);
}
