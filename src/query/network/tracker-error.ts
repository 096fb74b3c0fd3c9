/** The tracker gave no answer that can be used: unreachable, too slow, or nonsense. Its text is for the reader. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  /** Asking again cannot help: the URL or the question itself is wrong. */
  readonly permanent: boolean;
  /** An answer came, but nobody can read it: the tracker may have stored our peer. */
  readonly answered: boolean;

  constructor(message: string, options: { permanent?: boolean; answered?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.permanent = options.permanent ?? false;
    this.answered = options.answered ?? false;
  }
}
