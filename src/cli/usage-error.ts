/**
 * The fault of whoever calls a program (a wrong option, value, file or combination): one line on stderr, exit code 2,
 * and nothing was begun.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode = 2;
}
