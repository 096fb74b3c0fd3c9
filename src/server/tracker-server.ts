// How the tracker is put together, in order: what may fail without anything to take back, its core, its listeners, the rest.
import { endianness } from 'node:os';
import type { SharedKeys } from '../transport/opener.ts';
import { ClusterLink } from './cluster/cluster-link.ts';
import { createCore, type Embedding } from './core.ts';
import { type InheritedListener, planListeners } from './listening/listen-plan.ts';
import { openListeners } from './listening/listeners.ts';
import type { PassedSockets } from './listening/passed-sockets.ts';
import { AccessLists } from './lists/access-lists.ts';
import type { Log } from './log/log.ts';
import type { Configuration } from './options/configuration.ts';
import { RunningTracker, type RunOptions } from './running-tracker.ts';
import { StartError } from './start-error.ts';
import { Takeover } from './takeover/takeover.ts';

export interface TrackerServerOptions extends RunOptions {
  /** Sockets that are open already, and take the place of their protocol's own. */
  inherited?: readonly InheritedListener[];
  /** Sockets of this process, from before another tracker tried to take it over. */
  kept?: PassedSockets | undefined;
  /** Whether the process is told to end while it starts: then it takes no other tracker's place. */
  isToEnd?: () => boolean;
  /** Where the tracker is a part of another program, which may hand in requests; then it need not listen anywhere. */
  embedding?: Embedding | undefined;
}

/**
 * Opens every listener or none.
 * @throws StartError when the tracker cannot run here; nothing is left open then
 * @throws PredecessorEnded when the tracker whose place it was to take has ended; start again with its sockets
 */
export async function startTrackerServer(
  configuration: Configuration,
  log: Log,
  { inherited = [], kept, isToEnd = () => false, embedding, ...options }: TrackerServerOptions = {},
): Promise<RunningTracker> {
  if (endianness() !== 'LE')
    throw new StartError('this machine is big-endian; the swarm store needs a little-endian one');
  const access = await AccessLists.load(configuration, log);
  const takeover = Takeover.prepare(configuration, log, kept, isToEnd);
  const plan = takeover.furnish(planListeners(configuration, inherited, embedding !== undefined));
  const core = createCore(configuration, log, access, embedding);
  const { store, snapshots } = core;
  const cluster = configuration.cluster === undefined ? undefined : new ClusterLink(core);
  let starting: Promise<void> | undefined;
  let shared: SharedKeys | undefined;
  const parts = { ...core, filters: takeover.filters };
  const listeners = await openListeners(plan, parts, {
    // An answer without the peers that are still on disk, or with another process, would be a wrong one.
    whileStarting: () => {
      starting = cluster?.start();
      starting?.catch(() => {});
      if (!takeover.takesPlace) snapshots?.load();
    },
    beforeServing: async () => {
      await starting;
      shared = await cluster?.sharedKeys();
      const taken = await takeover.copyTo(store);
      if (taken) snapshots?.tookOver(taken);
      await cluster?.begin(taken === undefined);
    },
    sharedKeys: () => shared,
  }).catch(async (error) => {
    await cluster?.stop(0);
    throw error;
  });
  takeover.answers();
  // Those of interfaces that this one does not read.
  if (configuration.xdp.length === 0 || configuration.workers === 0) takeover.filters?.close();
  const tracker = new RunningTracker(core, takeover, listeners, cluster);
  await tracker.start(options);
  return tracker;
}
