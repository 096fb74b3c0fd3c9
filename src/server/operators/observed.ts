// What the admin door is told of the tracker: figures, state and actions, gathered from the parts it is put together of.

import { hostname } from 'node:os';
import {
  type Actions,
  headConnection,
  headSeeder,
  type ObservedCluster,
  type ObservedListener,
  type ObservedTracker,
  type OptionInForce,
  slicePeer,
  sliceSwarm,
} from '../../admin/observed-tracker.ts';
import { formatCount } from '../../cli/format-count.ts';
import { formatCidr } from '../../protocol/cidr.ts';
import { isWildcard } from '../../protocol/ip-address.ts';
import {
  WalkSlice,
  walkedConnection,
  walkedPeer,
  walkedSeeder,
  walkedSwarm,
} from '../../swarm/store-walk.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { latencyBounds } from '../../transport/answer-stats.ts';
import { transports } from '../../transport/transports.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import { announceUrlsOf, formatAnnounceUrls } from '../listening/announce-urls.ts';
import type { Listeners } from '../listening/listeners.ts';
import type { ListeningAddress } from '../listening/listening-address.ts';
import type { AccessLists } from '../lists/access-lists.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import type { Snapshots } from '../storage/snapshots.ts';
import { version } from '../version.ts';

// The admin door knows no store, so it has the words of a slice by itself.
if (
  !agree(sliceSwarm, walkedSwarm) ||
  !agree(slicePeer, walkedPeer) ||
  headSeeder !== walkedSeeder ||
  headConnection !== walkedConnection
)
  throw new RangeError('the admin door reads the slices of a walk otherwise than the store writes them');

export interface ObservedParts {
  store: SwarmStore;
  listeners: Listeners;
  addresses: readonly ListeningAddress[];
  snapshots: Snapshots | undefined;
  certificates: CertificateSource | undefined;
  access: AccessLists;
  /** As it is in force. */
  configuration: () => readonly OptionInForce[];
  /** Resolves to what it did, rejects with why something that was read is not in force. */
  reload: () => Promise<string>;
  /** Since the start. */
  uncaughtExceptions: () => number;
  /** Undefined where this machine is alone. */
  cluster: ClusterSeen | undefined;
}

/** The cluster, as far as operators see it and tell it something. */
export interface ClusterSeen {
  readonly state: ObservedCluster | undefined;
  /** `subject` is an info_hash in hexadecimal digits, a network, or nothing. */
  tellList(news: { action: ToldAction; subject: string }): void;
}

export type ToldAction = 'deny' | 'undeny' | 'denyNetwork' | 'undenyNetwork' | 'drop' | 'reload';

export function createObservedTracker(
  parts: ObservedParts,
  /** Changed by a reload. */
  names: Pick<Configuration, 'domain' | 'noWebtorrent' | 'redirectHttp'>,
  log: Pick<Log, 'linesLost' | 'recent'>,
): ObservedTracker {
  const { store, listeners, snapshots, certificates, access } = parts;
  return {
    version,
    host: hostname(),
    startedAtMs: Math.round(performance.timeOrigin),
    latencyBounds,
    listeners: observedListeners(parts),
    counts: () => listeners.counts(),
    totals: () => store.totals(),
    walk: () => store.walk(),
    createSlice: () => new WalkSlice(),
    configuration: () => [...parts.configuration()],
    announceUrls: () => {
      const urls = parts.addresses.flatMap((place) => {
        const host = isWildcard(place.address) ? hostname() : bracketed(place.address);
        return formatAnnounceUrls(announceUrlsOf([place], names), host);
      });
      return { urls: [...new Set(urls)], isPublic: announceUrlsOf([], names).domain !== '' };
    },
    snapshot: () => snapshots && snapshotState(snapshots),
    certificates: () => {
      const current = certificates?.current;
      if (current === undefined) return [];
      return [{ name: current.names[0] ?? 'without a name', notAfterMs: current.notAfter.getTime() }];
    },
    recentLines: () => log.recent(),
    logLinesLost: () => log.linesLost,
    uncaughtExceptions: parts.uncaughtExceptions,
    get denied() {
      return access.isEmpty ? undefined : (most: number) => access.denied(most);
    },
    ...(parts.cluster && { cluster: () => parts.cluster?.state }),
    get actions() {
      return tellingOthers(parts.cluster, actionsOf(parts));
    },
  };
}

/** Which lists can be written to is another thing after a reload. */
function actionsOf({ store, snapshots, access, reload }: ObservedParts): Actions {
  return {
    reload,
    ...(snapshots && { snapshot: () => saveNow(snapshots) }),
    ...(access.canDeny && {
      deny: (infoHash) => deny(access, store, infoHash),
      undeny: (infoHash) => undeny(access, infoHash),
    }),
    ...(access.canDenyNetworks && {
      denyNetwork: async (network) => {
        return (await access.denyNetwork(network))
          ? `The network may not announce from now on and stands in ${access.networksPlace}; its peers leave as they expire.`
          : 'The network is refused already, perhaps with a larger one.';
      },
      undenyNetwork: async (network) => {
        await access.undenyNetwork(network);
        return `The network does not stand in ${access.networksPlace}, and may announce.`;
      },
    }),
    drop: (infoHash) => drop(store, infoHash),
  };
}

/** The same actions; what one has done is told to the other nodes. */
function tellingOthers(cluster: ClusterSeen | undefined, actions: Actions): Actions {
  if (cluster === undefined) return actions;
  const telling =
    <T extends unknown[]>(
      action: ToldAction,
      act: ((...subject: T) => Promise<string>) | undefined,
      name: (...subject: T) => string,
    ) =>
    async (...subject: T) => {
      const done = await act!(...subject);
      cluster.tellList({ action, subject: name(...subject) });
      return done;
    };
  const { deny, undeny, drop, denyNetwork, undenyNetwork, reload } = actions;
  return {
    ...actions,
    ...(deny && { deny: telling('deny', deny, hexOf) }),
    ...(undeny && { undeny: telling('undeny', undeny, hexOf) }),
    ...(drop && { drop: telling('drop', drop, hexOf) }),
    ...(denyNetwork && { denyNetwork: telling('denyNetwork', denyNetwork, formatCidr) }),
    ...(undenyNetwork && { undenyNetwork: telling('undenyNetwork', undenyNetwork, formatCidr) }),
    ...(reload && { reload: telling('reload', reload, () => '') }),
  };
}

async function deny(access: AccessLists, store: SwarmStore, infoHash: Int32Array): Promise<string> {
  await access.deny(hexOf(infoHash));
  // Now that no thread lets anybody in any more.
  await drop(store, infoHash);
  return `The torrent is refused from now on, stands in ${access.torrentsPlace}, and its swarm is forgotten.`;
}

async function undeny(access: AccessLists, infoHash: Int32Array): Promise<string> {
  await access.undeny(hexOf(infoHash));
  return `The torrent does not stand in ${access.torrentsPlace}, and may be announced.`;
}

/** As it stands in a URL. */
function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function hexOf(infoHash: Int32Array): string {
  return Buffer.from(infoHash.buffer, infoHash.byteOffset, 20).toString('hex');
}

/** Those that can be asked whether they answer; nobody announces to a listener for an authority's questions. */
function observedListeners({ addresses, listeners }: ObservedParts): ObservedListener[] {
  return addresses.flatMap(({ protocol, family, address, port, inherited }) => {
    const described = transports.find(({ title }) => title === protocol);
    if (described === undefined) return [];
    const askSelf = listeners.askSelf(protocol);
    const reachable = { family, address: reachableAddress(address), port };
    return [
      {
        ...{ transport: described.name, family, address, port, inherited },
        ask:
          askSelf &&
          (async (signal: AbortSignal) => {
            await askSelf(reachable, signal);
          }),
        waitsFor: () => listeners.waitsFor(protocol),
      },
    ];
  });
}

/** Where a listener is reached from this machine; one on all interfaces by loopback. */
function reachableAddress(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function snapshotState({ figures: { savedAt, durationMs, bytes, failing } }: Snapshots) {
  return {
    savedAtMs: savedAt === 0 ? undefined : savedAt * 1000,
    durationMs,
    bytes,
    failure: failing,
  };
}

async function saveNow(snapshots: Snapshots): Promise<string> {
  const saved = await snapshots.save();
  if (saved !== undefined) return `Saved ${formatCount(saved.peers, 'peer')}.`;
  const resting = 'nothing is saved while another tracker copies the swarms; the last snapshot stays';
  throw new Error(snapshots.isResting ? resting : snapshots.figures.failing);
}

/** In slices, so that announces to other swarms go on meanwhile. */
async function drop(store: SwarmStore, infoHash: Int32Array): Promise<string> {
  while (!store.drop(infoHash, 0)) await new Promise(setImmediate);
  return 'The swarm is forgotten; its peers may announce again.';
}

function agree(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
