// How the tracker is put together: one store, the listeners over it, and what runs beside them.
import { endianness } from 'node:os';
import type { OptionInForce } from '../admin/observed-tracker.ts';
import { AcmeChallenges } from '../transport/http/acme-challenges.ts';
import { createCertificateSource } from './certificates/certificates.ts';
import { createTracker } from './create-tracker.ts';
import { type InheritedListener, planListeners } from './listening/listen-plan.ts';
import { openListeners } from './listening/listeners.ts';
import { formatListening, type ListeningAddress, listeningAddressOf } from './listening/listening-address.ts';
import type { PassedSockets } from './listening/passed-sockets.ts';
import { logRequests } from './listening/request-log.ts';
import { AccessLists } from './lists/access-lists.ts';
import type { Log } from './log/log.ts';
import { logFailure } from './log/log-failure.ts';
import { openAdmin } from './operators/admin.ts';
import type { Configuration } from './options/configuration.ts';
import { StartError } from './start-error.ts';
import { openConnectionKeys } from './storage/connection-keys.ts';
import { createStore } from './storage/create-store.ts';
import { openDataDirectory } from './storage/data-directory.ts';
import { Snapshots } from './storage/snapshots.ts';
import type { OwnedSocket } from './takeover/conversation.ts';
import { Takeover } from './takeover/takeover.ts';
import type { Succession } from './takeover/takeover-door.ts';
import { Parts } from './upkeep/parts.ts';
import { accessUpkeep, createUpkeep } from './upkeep/upkeep.ts';

/** For answers in flight when another tracker waits to go on; a client that is cut off asks again. */
const takeoverGraceMs = 100;

export interface TrackerServer {
  readonly addresses: readonly ListeningAddress[];
  /** Where the admin door listens over TCP; 0 when it does not. */
  readonly adminPort: number;
  /** Logs and counts an exception that nothing else caught, as in a timer; the tracker lives on. */
  uncaught(error: unknown): void;
  /** Looks for a newer certificate and newer lists at once; resolves to why one of them is not in force. */
  reload(): Promise<string | undefined>;
  /** Resolves when another tracker has taken this one's place, or broke off when this one had stopped and saved. */
  readonly succeeded: Promise<Succession> | undefined;
  /** Whether it has stopped answering for another tracker, which does not serve yet. */
  readonly isLeaving: boolean;
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
  optionsInForce?: readonly OptionInForce[];
}

/**
 * Opens every listener or none.
 * @throws StartError when the tracker cannot run here; nothing is left open then
 */
export async function startTrackerServer(
  configuration: Configuration,
  log: Log,
  { statsEveryMs = 60_000, onStats, inherited = [], kept, optionsInForce = [] }: TrackerServerOptions = {},
): Promise<TrackerServer> {
  if (endianness() !== 'LE')
    throw new StartError('this machine is big-endian; the swarm store needs a little-endian one');
  const failed = (error: unknown) => logFailure(log, error);
  // First, because it can fail without anything to take back.
  const access = await AccessLists.load(configuration, log);
  const takeover = Takeover.prepare(configuration, log, kept);
  const plan = takeover.furnish(planListeners(configuration, inherited));
  const core = createCore(configuration, log, access);
  const { store, tracker, snapshots, certificates } = core;
  const parts = new Parts();
  const listeners = await openListeners(
    plan,
    { ...core, configuration, log, failed },
    {
      // An answer without the peers that are still on disk, or with another process, would be a wrong one.
      whileStarting: () => {
        if (!takeover.takesPlace) snapshots?.load();
      },
      beforeServing: () => {
        const taken = takeover.copyTo(store);
        if (taken) snapshots?.tookOver(taken);
      },
    },
  );
  takeover.answers();
  await parts.start({ stop: (graceMs) => listeners.close(graceMs) });
  const addresses = listeners.all.map(listeningAddressOf);
  const reload = async (): Promise<string | undefined> => {
    if (certificates === undefined && access === undefined) log.info('SIGHUP: there is nothing to reload.');
    const [fault] = await Promise.all([certificates?.reload(), access?.reload()]);
    return fault ?? access?.faults[0];
  };
  let uncaughtExceptions = 0;
  const observed = {
    ...{ store, listeners, addresses, snapshots, certificates, access, reload },
    uncaughtExceptions: () => uncaughtExceptions,
    configuration: optionsInForce,
  };
  let admin: Awaited<ReturnType<typeof openAdmin>>;
  await parts.start(
    {
      start: async () => {
        admin = await openAdmin(configuration, observed, log, failed);
      },
      stop: () => admin?.close(),
    },
    accessUpkeep({ access, tracker, listeners }),
  );
  for (const address of addresses) log.info(formatListening(address, configuration));
  await parts.start(
    ...createUpkeep({
      ...{ configuration, store, tracker, listeners, access, certificates, snapshots },
      ...{ log, failed, statsEveryMs, onStats },
    }),
    { start: () => takeover.complete(), stop: () => {} },
  );
  const sockets = () =>
    listeners.all.flatMap(({ planned: { protocol }, descriptors }) =>
      descriptors().map((descriptor) => ({ protocol, descriptor })),
    );
  await takeover.open({
    ...{ store, sockets, failed },
    pause: async () => {
      await Promise.all([snapshots?.stop(), admin?.saveHistory()]);
    },
    resume: () => snapshots?.resume(),
    stop: () => parts.stop(takeoverGraceMs),
  });
  // What the other tracker did not save any more.
  if (takeover.takesPlace) void snapshots?.save();
  let saved: Promise<void> | undefined;
  const saveLast = () => {
    saved ??= snapshots?.close();
    return saved;
  };
  return {
    addresses,
    succeeded: takeover.left?.then(async (succession) => {
      // Nothing is lost then, whatever comes next.
      if (succession.kind === 'broken') await saveLast();
      return succession;
    }),
    get isLeaving() {
      return takeover.isLeaving;
    },
    sockets,
    tookOver: takeover.takesPlace,
    uncaught: (error) => {
      uncaughtExceptions++;
      failed(error);
    },
    adminPort: admin?.port ?? 0,
    reload,
    isWell: () => listeners.isWell(),
    close: async () => {
      takeover.close();
      await parts.stop();
      // After the last answer, so that the file holds every announce that was acknowledged.
      await saveLast();
    },
  };
}

/** What answers, before anything is open. */
function createCore(configuration: Configuration, log: Log, access: AccessLists | undefined) {
  const { dataDir: directory, snapshotInterval: intervalSeconds, verbose, logIp } = configuration;
  if (directory !== undefined) openDataDirectory(directory, (message) => log.warn(message));
  const store = createStore(configuration, log);
  const tracker = createTracker(store, configuration, access);
  if (verbose) logRequests(tracker, log, logIp);
  const challenges = new AcmeChallenges();
  return {
    store,
    tracker,
    challenges,
    keys: openConnectionKeys(configuration, log),
    snapshots:
      directory === undefined ? undefined : new Snapshots(store, { directory, intervalSeconds, log }),
    certificates: createCertificateSource(configuration, log, challenges),
  };
}
