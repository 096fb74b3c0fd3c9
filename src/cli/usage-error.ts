/**
 * The fault of whoever calls a program (a wrong option, value, file or combination): one line on stderr for each,
 * exit code 2, and nothing was begun.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode = 2;
  /** A line for each fault; `message` is all of them in one. */
  readonly lines: readonly string[];

  constructor(faults: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof faults === 'string' ? [faults] : faults;
    super(lines.join('; '), options);
    this.lines = lines;
  }
}
