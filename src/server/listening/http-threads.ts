// HTTP as it is divided between the socket workers and the main thread: what they are told, and what they leave to it.
import { ConnectionTable } from '../../transport/http/connection-table.ts';
import { descriptorLimit, maxConnections } from '../../transport/http/descriptor-limit.ts';
import { defaultMaxReaders } from '../../transport/http/full-scrapes.ts';
import { defaultMaxPerAddress, type HttpConnections } from '../../transport/http/http-connections.ts';
import { defaultHttpLimits } from '../../transport/http/http-limits.ts';
import type { HttpTransport } from '../../transport/http/http-transport.ts';
import { defaultTlsHandshakeLimits } from '../../transport/http/tls-handshakes.ts';
import type { PublicNames } from '../../transport/live-change.ts';
import type { Configuration } from '../options/configuration.ts';
import { redirectDomain } from '../options/redirect-domain.ts';
import { announceUrlsOf } from './announce-urls.ts';
import type { HttpWorkerMessage, HttpWorkerSettings } from './http-worker.ts';
import type { HttpsWorkerSettings } from './https-worker.ts';
import type { PlannedListener } from './listen-plan.ts';
import type { WebTorrentShared } from './webtorrent-parts.ts';

/** Numbers in the table of connections: the socket workers', the main thread's behind theirs, then the stream workers'. */
export function createConnectionTable({ workers, streamWorkers }: Configuration): ConnectionTable {
  const key = crypto.getRandomValues(new Int32Array(2));
  const descriptors = descriptorLimit() ?? unlimitedDescriptors;
  return ConnectionTable.create(workers + 1 + streamWorkers, descriptors, key);
}

/** More than Linux gives a process unless it is told to. */
const unlimitedDescriptors = 1 << 20;

/** How many connections all threads may have open together. */
export function connectionLimit({ httpsPort, streamWorkers }: Configuration): number {
  return maxConnections(httpsPort ? streamWorkers : 0);
}

/** How clients are told where the tracker is. */
export function publicNamesOf(
  plan: readonly Pick<PlannedListener, 'protocol' | 'port'>[],
  configuration: Configuration,
): PublicNames {
  return {
    announceUrls: announceUrlsOf(plan, configuration),
    redirectTo: configuration.redirectHttp ? `https://${redirectDomain(configuration)}` : undefined,
  };
}

export function httpWorkerSettings(
  configuration: Configuration,
  webTorrent: WebTorrentShared | undefined,
  names: PublicNames,
): HttpWorkerSettings {
  return {
    names,
    trustedProxies: configuration.trustedProxy,
    proxyProtocol: configuration.proxyProtocol,
    acme: configuration.acmeDomain.length > 0,
    webTorrent: configuration.redirectHttp ? undefined : webTorrent,
    maxConnections: connectionLimit(configuration),
    maxPerAddress: defaultMaxPerAddress,
    ioUring: configuration.ioUring,
  };
}

/** What each stream worker has of what there is for all of them. */
export function httpsWorkerSettings(
  configuration: Configuration,
  webTorrent: WebTorrentShared | undefined,
  names: PublicNames,
): HttpsWorkerSettings {
  const { deadlineMs, max } = defaultTlsHandshakeLimits;
  const share = (all: number) => Math.ceil(all / Math.max(1, configuration.streamWorkers));
  return {
    ...httpWorkerSettings(configuration, webTorrent, names),
    webTorrent,
    limits: defaultHttpLimits,
    handshakes: { deadlineMs, max: share(max) },
    maxScrapeReaders: share(defaultMaxReaders),
  };
}

export interface MainThreadHttp {
  readonly number: number;
  readonly connections: HttpConnections;
  /** Goes on with connections that workers do not answer. */
  readonly transport: HttpTransport;
  readonly wake: (thread: number) => void;
  readonly onBrokenProxyHeader: (proxy: string) => void;
  readonly onBrokenForwardedFor: (header: string) => void;
  readonly onNoUring: (reason: string) => void;
}

/** Does what a worker asks the main thread for. */
export function hearWorker(message: HttpWorkerMessage, main: MainThreadHttp): void {
  switch (message.kind) {
    case 'connection':
      main.transport.take(message.connection);
      break;
    case 'broken proxy header':
      main.onBrokenProxyHeader(message.proxy);
      break;
    case 'broken X-Forwarded-For':
      main.onBrokenForwardedFor(message.header);
      break;
    case 'no io_uring':
      main.onNoUring(message.reason);
      break;
    case 'wake':
      if (message.thread === main.number) main.connections.wake();
      else main.wake(message.thread);
  }
}
