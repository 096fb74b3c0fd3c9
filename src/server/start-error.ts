// Why a tracker with the right options does not start: one line on stderr and an exit code.

/** The options are right, yet the tracker cannot start with them here (port in use, no access): exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode = 1;
}
