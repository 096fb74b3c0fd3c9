// How a defect of ours that a request has met is written to the log.
import type { Log } from './log.ts';

/** One line: where it happened is the first few places of the stack. */
export function logFailure(log: Log, error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const places = stack?.split('\n').filter((line) => /^ +at /.test(line)) ?? [];
  log.error(`an exception was caught and the tracker goes on: ${message}`, {
    at: places
      .slice(0, 4)
      .map((line) => line.trim().replace(/^at /, ''))
      .join(' < '),
  });
}
