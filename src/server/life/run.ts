// From settings to a running tracker: its log, what systemd has opened for it, and its life.
import { nodeLineWarning } from '../check/node-line.ts';
import { readInheritedSockets } from '../listening/inherited-sockets.ts';
import { Log } from '../log/log.ts';
import { LogOutput } from '../log/log-output.ts';
import { textStyleFor } from '../log/log-text.ts';
import { rememberTerminals } from '../log/terminals.ts';
import { ServiceManager } from '../operators/service-manager.ts';
import { type Configuration, configurationOf } from '../options/configuration.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import { hearSignals } from './early-signals.ts';
import { Life } from './life.ts';

/**
 * Resolves when the tracker runs; from then on signals and requests decide.
 * @param readAgain the settings, from where they came, for a reload
 * @throws UsageError, StartError when it cannot run as it is told to
 */
export async function run(
  resolved: ResolvedConfiguration,
  readAgain: () => ResolvedConfiguration,
): Promise<void> {
  const { values, warnings } = resolved;
  const inherited = readInheritedSockets(process.env);
  const activated = (read: ResolvedConfiguration) => (inherited.length > 0 ? withoutUnasked(read) : read);
  activated(resolved);
  const { log, flush } = createLog(configurationOf(values));
  const serviceManager = new ServiceManager(process.env, (message) => log.warn(message));
  const exit = (code: number): never => {
    log.close();
    flush();
    process.exit(code);
  };
  // What Node itself says there goes the same way as the terminal.
  process.stderr.on('error', () => {});
  const life = new Life({
    resolved,
    readAgain: () => activated(readAgain()),
    inherited,
    log,
    serviceManager,
    terminalGone: rememberTerminals(),
    exit,
  });
  hearSignals((signal) => life.hear(signal));
  const nodeLine = nodeLineWarning(process.versions.node, new Date());
  try {
    await life.begin(nodeLine === undefined ? warnings : [...warnings, nodeLine]);
  } catch (error) {
    flush();
    throw error;
  }
}

/** Systemd says where to listen then; a port that nobody asked for is not opened besides. */
function withoutUnasked(resolved: ResolvedConfiguration): ResolvedConfiguration {
  for (const name of ['http-port', 'udp-port'] as const) {
    if (resolved.origins[name] === 'default') resolved.values[name] = 0;
  }
  return resolved;
}

function createLog({ logFormat, verbose }: Configuration): { log: Log; flush: () => void } {
  const output = new LogOutput(1, (lost) => log.warn('log lines could not be written', { lines: lost }));
  const log = new Log(output, { format: logFormat, verbose, style: textStyleFor(1, process.env) });
  return { log, flush: () => output.close() };
}
