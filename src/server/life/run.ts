// From settings to a running tracker: its log, what systemd has opened for it, and its life.
import { pino } from 'pino';
import { nodeLineWarning } from '../check/node-line.ts';
import { readInheritedSockets } from '../listening/inherited-sockets.ts';
import { Log } from '../log/log.ts';
import { textStyleFor } from '../log/log-text.ts';
import { ServiceManager } from '../operators/service-manager.ts';
import { type Configuration, configurationOf } from '../options/configuration.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import { hearSignals } from './early-signals.ts';
import { Life } from './life.ts';

/**
 * Resolves when the tracker runs; from then on signals and requests decide.
 * @throws UsageError, StartError when it cannot run as it is told to
 */
export async function run(resolved: ResolvedConfiguration): Promise<void> {
  const { values, origins, warnings } = resolved;
  const inherited = readInheritedSockets(process.env);
  // Systemd says where to listen then; a port that nobody asked for is not opened besides.
  if (inherited.length > 0) {
    for (const name of ['http-port', 'udp-port'] as const) {
      if (origins[name] === 'default') values[name] = 0;
    }
  }
  const { log, flush } = createLog(configurationOf(values));
  const serviceManager = new ServiceManager(process.env, (message) => log.warn(message));
  const exit = (code: number): never => {
    log.close();
    flush();
    process.exit(code);
  };
  const life = new Life({ resolved, inherited, log, serviceManager, exit });
  hearSignals((signal) => life.hear(signal));
  const nodeLine = nodeLineWarning(process.versions.node, new Date());
  try {
    await life.begin(nodeLine === undefined ? warnings : [...warnings, nodeLine]);
  } catch (error) {
    flush();
    throw error;
  }
}

function createLog({ logFormat, verbose }: Configuration): { log: Log; flush: () => void } {
  // Asynchronous, so that a slow reader of the log never holds up an answer.
  const destination = pino.destination({ fd: 1, sync: false });
  const log = new Log(destination, { format: logFormat, verbose, style: textStyleFor(1, process.env) });
  return { log, flush: () => destination.flushSync() };
}
