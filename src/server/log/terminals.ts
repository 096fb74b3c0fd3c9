// Whether a terminal that this process was started on is gone.
import { isatty } from 'node:tty';

/**
 * Call it at the start.
 * @returns says whether one of the standard streams was a terminal then and has hung up since
 */
export function rememberTerminals(fds: readonly number[] = [0, 1, 2]): () => boolean {
  const terminals = fds.filter((fd) => isatty(fd));
  return () => terminals.some((fd) => !isatty(fd));
}
