// The operator's errors before the tracker runs: each is one line on stderr and an exit code.

export { UsageError } from '../cli/usage-error.ts';

/** The options are right, yet the tracker cannot start with them here (port in use, no access): exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode = 1;
}
