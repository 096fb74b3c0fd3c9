#!/usr/bin/env node
// tracker-server: from the command line to a running tracker, and from a signal to its end.
import '../cli/typescript-lines.ts';
import { pino } from 'pino';
import { checkCertificateFiles } from './certificates/certificates.ts';
import { nodeLineWarning } from './check/node-line.ts';
import { formatFindings, testItself } from './check/self-test.ts';
import { readInheritedSockets } from './listening/inherited-sockets.ts';
import { formatListenAddress, planListeners } from './listening/listen-plan.ts';
import type { PassedSockets } from './listening/passed-sockets.ts';
import { AccessLists } from './lists/access-lists.ts';
import { escapeForLog } from './log/escape-for-log.ts';
import { Log } from './log/log.ts';
import { textStyleFor } from './log/log-text.ts';
import { readToken } from './operators/admin.ts';
import { runControl } from './operators/control.ts';
import { ServiceManager } from './operators/service-manager.ts';
import {
  type Configuration,
  configurationOf,
  type ResolvedConfiguration,
  readConfiguration,
} from './options/configuration.ts';
import { formatConfiguration, listConfiguration } from './options/format-configuration.ts';
import { checkDataDirectory } from './storage/data-directory.ts';
import { startSuccessor } from './takeover/successor.ts';
import type { Succession } from './takeover/takeover-door.ts';
import { startTrackerServer, type TrackerServer } from './tracker-server.ts';
import { StartError, UsageError } from './usage-error.ts';

/** Ctrl-C under npm reaches the tracker twice at once; only a person who presses it again means it. */
const sameSignalMs = 500;
/** Longer than a request may take (8 s), shorter than the patience of systemd. */
const closeWithinMs = 10_000;

await main();

async function main(): Promise<void> {
  try {
    if (await runControl(process.argv.slice(2), process.env)) return;
    const invocation = readConfiguration(process.argv.slice(2), process.env);
    if (invocation.print !== undefined) process.stdout.write(invocation.print);
    else if (invocation.values.check) await check(invocation);
    else await run(invocation);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error;
    complain(error.message);
    process.exit(error.exitCode);
  }
}

function complain(message: string): void {
  process.stderr.write(`tracker-server: ${escapeForLog(message)}\n`);
}

/**
 * A fault of the settings is told like one at a start, with exit code 2. What this machine has against them stands
 * below the settings; an error there is exit code 1, as it would be at a start.
 */
async function check(resolved: ResolvedConfiguration): Promise<void> {
  const configuration = configurationOf(resolved.values);
  for (const warning of resolved.warnings) complain(`warning: ${warning}`);
  try {
    planListeners(configuration);
    if (configuration.dataDir !== undefined) checkDataDirectory(configuration.dataDir);
    checkCertificateFiles(configuration);
    readToken(configuration, { warn: (message) => complain(`warning: ${message}`) });
    await AccessLists.load(configuration);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const findings = await testItself(configuration);
  process.stdout.write(`${formatConfiguration(resolved)}\n${formatFindings(findings)}`);
  const errors = findings.filter(({ level }) => level === 'error').length;
  if (errors > 0)
    throw new StartError(`it would not start here: see the ${errors === 1 ? 'error' : 'errors'} above`);
}

async function run(resolved: ResolvedConfiguration): Promise<void> {
  const { values, origins, warnings } = resolved;
  const inherited = readInheritedSockets(process.env);
  // Systemd says where to listen then; a port that nobody asked for is not opened besides.
  if (inherited.length > 0) {
    for (const name of ['http-port', 'udp-port'] as const) {
      if (origins[name] === 'default') values[name] = 0;
    }
  }
  const configuration = configurationOf(values);
  const { log, flush } = createLog(configuration);
  const exit = (code: number): never => {
    log.close();
    flush();
    process.exit(code);
  };

  const serviceManager = new ServiceManager(process.env, (message) => log.warn(message));
  // Signals are taken from the first moment on: one that comes while sockets open ends the tracker once they are.
  let server: TrackerServer | undefined;
  let stoppingSince = Number.POSITIVE_INFINITY;
  const stop = async () => {
    log.info('Shutting down.');
    serviceManager.stopping();
    const late = setTimeout(() => {
      log.warn('some requests did not end in time');
      exit(0);
    }, closeWithinMs);
    await server?.close();
    clearTimeout(late);
    exit(0);
  };
  const reload = async () => {
    if (server === undefined) return;
    serviceManager.reloading();
    await server.reload();
    serviceManager.ready(describeListeners(server));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (performance.now() - stoppingSince > sameSignalMs) exit(1);
      if (stoppingSince !== Number.POSITIVE_INFINITY) return;
      stoppingSince = performance.now();
      if (server !== undefined) void stop();
    });
  }
  process.on('SIGHUP', () => void reload());

  const start = async (takeover: boolean, kept?: PassedSockets): Promise<void> => {
    server = await startTrackerServer({ ...configuration, takeover }, log, {
      inherited: kept === undefined ? inherited : [],
      kept,
      entries: listConfiguration(resolved),
      // What `systemctl status` shows.
      onStats: (line) => serviceManager.status(line),
    });
    void server.succeeded?.then(makeWay);
  };
  const makeWay = async (succession: Succession) => {
    if (succession.kind === 'serving') {
      serviceManager.succeededBy(succession.pid);
      log.info('Another tracker serves now.');
      exit(0);
      return;
    }
    log.error('the tracker that was to take over did not begin to serve; this one serves again');
    try {
      await start(false, succession.sockets);
    } catch (error) {
      log.error(`it cannot: ${(error as Error).message}`);
      exit(1);
    }
  };
  process.on('SIGUSR2', () => {
    if (configuration.dataDir === undefined)
      log.warn('SIGUSR2: without --data-dir nothing can be taken over.');
    else
      startSuccessor(inherited.length > 0 ? server!.sockets() : [], (reason) =>
        log.error(`the new tracker did not take over: ${reason}`),
      );
  });

  try {
    await start(configuration.takeover);
  } catch (error) {
    flush();
    throw error;
  }
  // Only now: a mistake in starting up must end the process, one in a request must not.
  process.on('uncaughtException', (error) => server!.failed(error));
  // After the sockets are open: a tracker that cannot start says that, and nothing else.
  const nodeLine = nodeLineWarning(process.versions.node, new Date());
  for (const warning of nodeLine === undefined ? warnings : [...warnings, nodeLine]) log.warn(warning);
  log.info('Tracker running. Press Ctrl-C to stop.');
  serviceManager.ready(describeListeners(server!), server!.tookOver ? process.pid : undefined);
  serviceManager.startWatchdog(() => server!.isWell());
  if (stoppingSince !== Number.POSITIVE_INFINITY) await stop();
}

/** For `systemctl status`. */
function describeListeners({ addresses }: TrackerServer): string {
  const all = addresses.map(
    ({ protocol, address, port }) => `${protocol} ${formatListenAddress(address, port)}`,
  );
  return `Serving on ${all.join(', ')}`;
}

function createLog({ logFormat, verbose }: Configuration): { log: Log; flush: () => void } {
  // Asynchronous, so that a slow reader of the log never holds up an answer.
  const destination = pino.destination({ fd: 1, sync: false });
  const log = new Log(destination, { format: logFormat, verbose, style: textStyleFor(1, process.env) });
  return { log, flush: () => destination.flushSync() };
}
