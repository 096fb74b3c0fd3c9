// How the tracker is put together: one store, the listeners over it, and what runs in the background.
import { endianness } from 'node:os';
import type { ConfigurationEntry } from '../admin/watched-tracker.ts';
import { maxMemoryLimit } from '../swarm/layout.ts';
import { SwarmStore } from '../swarm/swarm-store.ts';
import { AcmeChallenges } from '../transport/http/acme-challenges.ts';
import { createCertificateSource, watchCertificates } from './certificates/certificates.ts';
import { monotonicSeconds } from './clock.ts';
import { createTracker } from './create-tracker.ts';
import { trustedProxies } from './listening/http-listeners.ts';
import type { InheritedListener } from './listening/inherited-sockets.ts';
import { formatListenAddress, type PlannedListener, planListeners } from './listening/listen-plan.ts';
import { openListeners } from './listening/listeners.ts';
import type { PassedSockets } from './listening/passed-sockets.ts';
import { redirectDomain } from './listening/plain-http.ts';
import { logRequests } from './listening/request-log.ts';
import { AccessLists } from './lists/access-lists.ts';
import type { Log } from './log/log.ts';
import { openAdmin } from './operators/admin.ts';
import type { Configuration } from './options/configuration.ts';
import { type ConnectionKeys, createConnectionKeys, loadConnectionKeys } from './storage/connection-keys.ts';
import { openDataDirectory } from './storage/data-directory.ts';
import { Snapshots } from './storage/snapshots.ts';
import { createSwarmKey, loadSwarmKey } from './storage/swarm-key.ts';
import { findPredecessor, openDoor } from './takeover/takeover.ts';
import type { OwnedSocket, Succession } from './takeover/takeover-door.ts';
import { AddressWatch } from './upkeep/address-watch.ts';
import { Expiry } from './upkeep/expiry.ts';
import { StatsLine } from './upkeep/stats-line.ts';
import { startWarmUp } from './upkeep/warm-up.ts';
import { StartError } from './usage-error.ts';

/** For answers in flight when another tracker waits to go on; a client that is cut off asks again. */
const takeoverGraceMs = 100;

/** Where a listener really listens: its port is the system's choice when the plan left it open. */
export interface ListeningAddress {
  protocol: PlannedListener['protocol'];
  family: 4 | 6;
  address: string;
  port: number;
  /** Opened by systemd. */
  inherited: boolean;
}

export interface TrackerServer {
  readonly addresses: readonly ListeningAddress[];
  /** Where the admin door listens over TCP; 0 when it does not. */
  readonly adminPort: number;
  /** Logs an exception that nothing else caught; the tracker lives on. */
  failed(error: unknown): void;
  /** Looks for a newer certificate and newer lists at once. */
  reload(): Promise<void>;
  /** Resolves when another tracker has taken this one's place, or broke off when this one had stopped and saved. */
  readonly succeeded: Promise<Succession> | undefined;
  /** Those that are open now. */
  sockets(): OwnedSocket[];
  /** Whether it has taken another tracker's place. */
  readonly tookOver: boolean;
  /** Whether every part that works on its own has shown a sign of life since it was last asked. */
  isWell(): boolean;
  /** Stops accepting, lets requests in flight finish, ends the background work. */
  close(): Promise<void>;
}

export interface TrackerServerOptions {
  statsEveryMs?: number | undefined;
  /** Told the line that the log gets. */
  onStats?: (line: string) => void;
  /** Sockets that are open already, and take the place of their protocol's own. */
  inherited?: readonly InheritedListener[];
  /** Sockets of this process, from before another tracker tried to take it over. */
  kept?: PassedSockets | undefined;
  /** The options as they are in force, for the admin door. */
  entries?: readonly ConfigurationEntry[];
}

/**
 * Opens every listener or none.
 * @throws StartError when the tracker cannot run here; nothing is left open then
 */
export async function startTrackerServer(
  configuration: Configuration,
  log: Log,
  { statsEveryMs = 60_000, onStats, inherited = [], kept, entries = [] }: TrackerServerOptions = {},
): Promise<TrackerServer> {
  if (endianness() !== 'LE')
    throw new StartError('this machine is big-endian; the swarm store needs a little-endian one');
  // First, because it can fail without anything to take back.
  const access = await AccessLists.load(configuration, log);
  const predecessor = findPredecessor(configuration, log);
  const asked = planListeners(configuration, inherited);
  const plan = (predecessor?.sockets ?? kept)?.furnish(asked) ?? asked;
  const failed = (error: unknown) => logFailure(log, error);
  if (configuration.dataDir !== undefined) openDataDirectory(configuration.dataDir);
  const store = createStore(configuration, log);
  const tracker = createTracker(store, configuration, access);
  if (log.verbose) logRequests(tracker, log, configuration.logIp);
  const keys = openKeys(configuration, log);
  const snapshots = createSnapshots(store, configuration, log);
  const challenges = new AcmeChallenges();
  const certificates = createCertificateSource(configuration, log, challenges);
  const listeners = await openListeners(plan, {
    configuration,
    store,
    tracker,
    keys,
    certificates,
    challenges,
    log,
    failed,
    // An answer without the peers that are still on disk, or with another process, would be a wrong one.
    whileStarting: () => {
      if (predecessor === undefined) snapshots?.load();
    },
    beforeServing: () => {
      if (predecessor) snapshots?.tookOver(predecessor.copyTo(store));
    },
  });
  const gapMs = predecessor?.sinceStop;
  const addresses = listeners.all.map(({ planned: { protocol, family, address, inherited }, port }) => ({
    protocol,
    family,
    address,
    port,
    inherited: inherited !== undefined,
  }));
  const reload = async () => {
    if (certificates === undefined && access === undefined) log.info('SIGHUP: there is nothing to reload.');
    await Promise.all([certificates?.reload(), access?.reload()]);
  };
  const watched = {
    store,
    listeners,
    addresses,
    snapshots,
    certificates,
    access,
    headerFrom: configuration.proxyProtocol ? trustedProxies(configuration) : [],
    configuration: entries,
    reload,
  };
  const admin = await openAdmin(configuration, watched, log, failed).catch(async (error) => {
    await listeners.close();
    throw error;
  });
  // Not before everything is open: until then the old one would serve again.
  try {
    predecessor?.release();
  } catch (error) {
    await Promise.all([listeners.close(), admin?.close()]);
    throw error;
  }
  if (gapMs !== undefined)
    log.info(`Took the other tracker's place; for ${gapMs.toFixed(0)} ms nobody answered.`);
  access?.watch((memory) => {
    tracker.protection.setAccess(memory);
    listeners.setAccess(memory);
  });
  for (const address of addresses) log.info(formatListening(address, configuration));
  const watch = watchCertificates(certificates, configuration, log, (certificate) => {
    for (const listener of listeners.all) listener.setCertificate?.(certificate);
  });
  if (snapshots === undefined) {
    log.info('Without --data-dir nothing is written, and the swarms are not kept over a restart.');
  }
  const expiry = new Expiry(store, { peerTtl: configuration.peerTtl, now: monotonicSeconds, failed });
  const endWarmUp = startWarmUp(() => expiry.start());
  const addressWatch = new AddressWatch(store.walk(), log);
  addressWatch.start();
  snapshots?.start();
  const statsLine = new StatsLine(store, listeners);
  const stats = setInterval(() => {
    const line = statsLine.next();
    log.info(line);
    onStats?.(line);
  }, statsEveryMs);
  const stop = async (graceMs?: number) => {
    watch.close();
    access?.close();
    clearInterval(stats);
    endWarmUp();
    expiry.stop();
    addressWatch.close();
    await Promise.all([listeners.close(graceMs), snapshots?.stop()]);
  };
  let adminClosed: Promise<void> | undefined;
  const sockets = () =>
    listeners.all.flatMap(({ planned: { protocol }, descriptors }) =>
      descriptors().map((descriptor) => ({ protocol, descriptor })),
    );
  const door = await openDoor(configuration, {
    store,
    pause: async () => {
      await Promise.all([snapshots?.stop(), admin?.saveHistory()]);
    },
    resume: () => snapshots?.resume(),
    sockets,
    stop: () => {
      // Its port is free at once; whoever watches is not waited for.
      adminClosed = admin?.close();
      return stop(takeoverGraceMs);
    },
    failed,
  });
  // What the other tracker did not save any more.
  if (predecessor) void snapshots?.save();
  return {
    addresses,
    succeeded: door?.left.then(async (succession) => {
      // Nothing is lost then, whatever comes next.
      if (succession.kind === 'broken') await Promise.all([snapshots?.close(), adminClosed]);
      return succession;
    }),
    sockets,
    tookOver: predecessor !== undefined,
    failed,
    adminPort: admin?.port ?? 0,
    reload,
    isWell: () => listeners.isWell(),
    close: async () => {
      door?.close();
      await admin?.close();
      await stop();
      // After the last answer, so that the file holds every announce that was acknowledged.
      await snapshots?.close();
    },
  };
}

function formatListening(
  { protocol, address, port }: ListeningAddress,
  configuration: Configuration,
): string {
  const where = formatListenAddress(address, port);
  if (protocol === 'UDP') return `UDP tracker listening on ${where}`;
  if (protocol === 'ACME') return `ACME challenges are answered on ${where}`;
  if (protocol === 'HTTP' && configuration.redirectHttp)
    return `HTTP redirect to https://${redirectDomain(configuration)} listening on ${where}`;
  return `${protocol} tracker listening on ${where}/announce`;
}

function createStore({ memoryLimit, peerTtl, dataDir }: Configuration, log: Log): SwarmStore {
  // 4 GiB, which is what an operator writes, is a little more than the store can address.
  const hashKey =
    dataDir === undefined ? createSwarmKey() : loadSwarmKey(dataDir, (message) => log.warn(message));
  const [seed] = crypto.getRandomValues(new Int32Array(1));
  try {
    return SwarmStore.create({ memoryLimit: Math.min(memoryLimit, maxMemoryLimit), hashKey, peerTtl }, seed!);
  } catch (error) {
    throw new StartError(`--memory-limit: cannot reserve the memory: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function openKeys({ dataDir }: Configuration, log: Log): ConnectionKeys {
  if (dataDir === undefined) return createConnectionKeys();
  return loadConnectionKeys(dataDir, Date.now() / 1000, (message) => log.warn(message));
}

function createSnapshots(
  store: SwarmStore,
  { dataDir, snapshotInterval }: Configuration,
  log: Log,
): Snapshots | undefined {
  if (dataDir === undefined) return undefined;
  return new Snapshots(store, { directory: dataDir, intervalSeconds: snapshotInterval, log });
}

// One line: where it happened is the first few places of the stack.
function logFailure(log: Log, error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const places = stack?.split('\n').filter((line) => /^ +at /.test(line)) ?? [];
  log.error(`an exception was caught and the tracker goes on: ${message}`, {
    at: places
      .slice(0, 4)
      .map((line) => line.trim().replace(/^at /, ''))
      .join(' < '),
  });
}
