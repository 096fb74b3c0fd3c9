/** The operator's fault (a bad option, URL or hash): one line on stderr, exit code 2, and nothing is sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
