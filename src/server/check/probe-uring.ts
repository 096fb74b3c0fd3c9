// Whether --io-uring could carry HTTP here; where it could not, epoll does, so it is never an error.
import { loadSystemCalls } from '../../net/system-calls.ts';
import { whyNoUring } from '../../net/uring/uring-trial.ts';
import type { Configuration } from '../options/configuration.ts';
import type { Finding } from './finding.ts';

export function probeUring({ ioUring, workers }: Configuration): Finding | undefined {
  if (!ioUring) return undefined;
  const { calls, reason } = loadSystemCalls();
  const why = workers === 0 ? 'it needs socket workers (--workers)' : calls ? whyNoUring(calls) : reason;
  if (why === undefined)
    return { level: 'ok', text: '--io-uring: kept HTTP connections go through io_uring' };
  return { level: 'warning', text: `--io-uring: kept HTTP connections go over epoll: ${why}` };
}
