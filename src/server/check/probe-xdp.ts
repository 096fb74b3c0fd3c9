// Whether --xdp could read the queues of its interfaces here; where it could not, sockets answer, so it is never an error.
import { loadSystemCalls } from '../../net/system-calls.ts';
import { tryXdp } from '../../net/xdp/xdp-trial.ts';
import type { Configuration } from '../options/configuration.ts';
import { listOf } from '../options/option-kinds.ts';
import type { Finding } from './finding.ts';

/** One for each interface. */
export function probeXdp({ xdp, workers, udpPort }: Configuration): Finding[] {
  return xdp.map((name) => {
    const warning = (reason: string): Finding => ({
      level: 'warning',
      text: `--xdp ${name}: UDP is answered through sockets: ${reason}`,
    });
    if (workers === 0) return warning('it needs socket workers (--workers)');
    const { calls, reason } = loadSystemCalls();
    if (!calls) return warning(reason);
    try {
      const { queues, driver } = tryXdp(calls, name, listOf(udpPort).find((port) => port !== 'any') ?? 6969);
      const of = driver === undefined ? '' : ` of ${driver}`;
      return {
        level: 'ok',
        text: `--xdp ${name}: ${queues} queue${queues === 1 ? '' : 's'}${of}; driver or generic, copy or zero-copy is seen at the start`,
      };
    } catch (error) {
      return warning((error as Error).message);
    }
  });
}
