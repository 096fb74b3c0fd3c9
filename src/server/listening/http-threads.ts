// HTTP as it is divided between the socket workers and the main thread: what they are told, and what they leave to it.
import { ConnectionTable } from '../../transport/http/connection-table.ts';
import { descriptorLimit, maxConnections } from '../../transport/http/descriptor-limit.ts';
import { defaultMaxPerAddress, type HttpConnections } from '../../transport/http/http-connections.ts';
import type { HttpTransport } from '../../transport/http/http-transport.ts';
import type { Configuration } from '../options/configuration.ts';
import { redirectDomain } from '../options/redirect-domain.ts';
import { announceUrlsOf } from './announce-urls.ts';
import type { HttpWorkerMessage, HttpWorkerSettings } from './http-worker.ts';
import type { PlannedListener } from './listen-plan.ts';
import type { WebTorrentShared } from './webtorrent-parts.ts';

/** Counts connections of `workers` threads and of the main thread, which has the number behind theirs. */
export function createConnectionTable(workers: number): ConnectionTable {
  const key = crypto.getRandomValues(new Int32Array(2));
  return ConnectionTable.create(workers + 1, descriptorLimit() ?? unlimitedDescriptors, key);
}

/** More than Linux gives a process unless it is told to. */
const unlimitedDescriptors = 1 << 20;

export function httpWorkerSettings(
  plan: readonly PlannedListener[],
  configuration: Configuration,
  webTorrent: WebTorrentShared | undefined,
): HttpWorkerSettings {
  return {
    announceUrls: announceUrlsOf(plan, configuration.domain),
    trustedProxies: configuration.trustedProxy,
    proxyProtocol: configuration.proxyProtocol,
    redirectTo: configuration.redirectHttp ? `https://${redirectDomain(configuration)}` : undefined,
    acme: configuration.acmeDomain.length > 0,
    webTorrent: configuration.redirectHttp ? undefined : webTorrent,
    maxConnections: maxConnections(),
    maxPerAddress: defaultMaxPerAddress,
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
    case 'wake':
      if (message.thread === main.number) main.connections.wake();
      else main.wake(message.thread);
  }
}
