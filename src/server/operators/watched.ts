// What the admin door is told of the tracker: figures, state and actions, gathered from the parts it is put together of.
import { reachable } from '../../admin/measures/self-announce.ts';
import type {
  ConfigurationEntry,
  RefusalReason,
  TransportCounts,
  TransportName,
  WatchedListener,
  WatchedTracker,
} from '../../admin/watched-tracker.ts';
import { refusalReasons } from '../../admin/watched-tracker.ts';
import type { Cidr } from '../../protocol/cidr.ts';
import { parseIp } from '../../protocol/ip-address.ts';
import { WalkSlice } from '../../swarm/store-walk.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { latencyBounds, sumAnswerStats } from '../../transport/answer-stats.ts';
import { includes } from '../../transport/client-address.ts';
import type { HttpCounters } from '../../transport/http/http-counters.ts';
import { answerStatsOf, sumUdpCounters } from '../../transport/udp/udp-counters.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import type { Listeners } from '../listening/listeners.ts';
import type { ListeningAddress } from '../listening/listening-address.ts';
import type { AccessLists } from '../lists/access-lists.ts';
import type { Snapshots } from '../storage/snapshots.ts';
import { version } from '../version.ts';

export interface WatchedParts {
  store: SwarmStore;
  listeners: Listeners;
  addresses: readonly ListeningAddress[];
  snapshots: Snapshots | undefined;
  certificates: CertificateSource | undefined;
  access: AccessLists | undefined;
  /** Who begins its connections with a PROXY protocol header. */
  headerFrom: readonly Cidr[];
  /** As it is in force. */
  configuration: readonly ConfigurationEntry[];
  reload: () => Promise<void>;
}

export function createWatchedTracker(parts: WatchedParts): WatchedTracker {
  const { store, snapshots, certificates, access, reload } = parts;
  const watched = watchedListeners(parts);
  const transports = new Set(watched.map(({ transport }) => transport));
  return {
    version,
    startedAtMs: Math.round(performance.timeOrigin),
    latencyBounds,
    listeners: watched,
    counts: () => countsOf(parts.listeners, transports),
    totals: () => store.totals(),
    walk: () => store.walk(),
    createSlice: () => new WalkSlice(),
    configuration: () => [...parts.configuration],
    snapshot: () => snapshots && snapshotState(snapshots),
    certificates: () => {
      const current = certificates?.current;
      if (current === undefined) return [];
      return [{ name: current.names[0] ?? 'without a name', notAfterMs: current.notAfter.getTime() }];
    },
    actions: {
      ...((certificates || access) && { reload: () => reloadNow(reload) }),
      ...(snapshots && { snapshot: () => saveNow(snapshots) }),
      ...(access?.canDeny && { deny: (infoHash) => deny(access, infoHash) }),
      drop: (infoHash) => drop(store, infoHash),
    },
  };
}

async function deny(access: AccessLists, infoHash: Int32Array): Promise<string> {
  await access.deny(Buffer.from(infoHash.buffer, infoHash.byteOffset, 20).toString('hex'));
  return 'The torrent is refused from now on, and stands in --deny-list.';
}

const transportOf = { UDP: 'udp', HTTP: 'http', HTTPS: 'https' } as const;

function watchedListeners({ addresses, headerFrom, certificates }: WatchedParts): WatchedListener[] {
  const firstCertificate = () => (certificates?.current ? undefined : 'its first certificate');

  return addresses.flatMap(({ protocol, family, address, port, inherited }) =>
    // Nobody announces to a listener for an authority's questions.
    protocol === 'ACME'
      ? []
      : [
          {
            transport: transportOf[protocol],
            family,
            address,
            port,
            inherited,
            // It is this machine itself that asks: from the address that it connects to.
            expectsProxyHeader: includes(headerFrom, parseIp(reachable({ address }))!),
            ...(protocol === 'HTTPS' && { waitsFor: firstCertificate }),
          },
        ],
  );
}

function countsOf(
  listeners: Listeners,
  transports: ReadonlySet<TransportName>,
): Partial<Record<TransportName, TransportCounts>> {
  return {
    ...(transports.has('udp') && { udp: udpCounts(listeners.udp()) }),
    ...(transports.has('http') && { http: httpCounts(listeners.http) }),
    ...(transports.has('https') && { https: httpCounts(listeners.https) }),
  };
}

const noneRefused = Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<
  RefusalReason,
  number
>;

function udpCounts(sockets: readonly Float64Array[]): TransportCounts {
  const sums = sumUdpCounters(sockets);
  const { refused, ...stats } = sumAnswerStats(sockets.map(answerStatsOf));
  return {
    ...stats,
    refused: { ...noneRefused, ...refused },
    earlyAnnounces: sums.earlyAnnounces,
    scrapes: sums.scrapes,
    droppedByKernel: sums.droppedByKernel,
    unsent: sums.sendFailures,
    exceptions: sums.exceptions,
    connections: 0,
    handshakes: 0,
  };
}

function httpCounts(counters: HttpCounters): TransportCounts {
  const { refused, ...stats } = sumAnswerStats([counters.stats]);
  return {
    ...stats,
    refused: {
      ...noneRefused,
      ...refused,
      malformed: refused.malformed + counters.badRequests,
      too_many_connections: counters.connectionsRefused + counters.connectionsShed,
      connection_rate_limited: counters.connectionsRateLimited,
      handshake_failed: counters.handshakesFailed,
      proxy_header_missing: counters.proxyHeadersMissing,
      timeout: counters.timeouts,
    },
    earlyAnnounces: counters.earlyAnnounces,
    scrapes: counters.scrapes,
    droppedByKernel: 0,
    unsent: 0,
    exceptions: counters.exceptions,
    connections: counters.connectionsOpen,
    handshakes: counters.handshakesDone,
  };
}

function snapshotState({ figures: { savedAt, durationMs, bytes, failing } }: Snapshots) {
  return {
    savedAtMs: savedAt === 0 ? undefined : savedAt * 1000,
    durationMs,
    bytes,
    failure: failing,
  };
}

async function reloadNow(reload: () => Promise<void>): Promise<string> {
  await reload();
  return 'Certificates and lists were read again; the log says what changed.';
}

async function saveNow(snapshots: Snapshots): Promise<string> {
  await snapshots.save();
  const { failing, peers } = snapshots.figures;
  if (failing !== undefined) throw new Error(failing);
  return `Saved ${peers} peers.`;
}

/** In slices, so that announces to other swarms go on meanwhile. */
async function drop(store: SwarmStore, infoHash: Int32Array): Promise<string> {
  while (!store.drop(infoHash, 0)) await new Promise(setImmediate);
  return 'The swarm is forgotten; its peers may announce again.';
}
