// How HTTP and HTTPS listeners are opened, and what they share.
import { closeSync } from 'node:fs';
import { type Cidr, parseCidr } from '../../protocol/cidr.ts';
import { parseIp } from '../../protocol/ip-address.ts';
import { includes } from '../../transport/client-address.ts';
import { createAskHttp } from '../../transport/http/ask-self.ts';
import { FullScrapes } from '../../transport/http/full-scrapes.ts';
import { defaultMaxPerAddress, HttpConnections } from '../../transport/http/http-connections.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import { httpCounts } from '../../transport/http/http-counts.ts';
import { HttpRequests } from '../../transport/http/http-requests.ts';
import { type HttpOptions, HttpTransport } from '../../transport/http/http-transport.ts';
import { UpgradeRequests } from '../../transport/http/upgrade-requests.ts';
import type { PublicNames } from '../../transport/live-change.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { formatAnnounceUrls } from './announce-urls.ts';
import { Guests } from './guests.ts';
import {
  connectionLimit,
  createConnectionTable,
  hearWorker,
  httpsWorkerSettings,
  httpWorkerSettings,
  publicNamesOf,
} from './http-threads.ts';
import type { HttpWorkerMessage } from './http-worker.ts';
import { createLimitCheck } from './limit-check.ts';
import type { PlannedListener, Protocol } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { createAnswerFirst } from './plain-http.ts';
import type { HttpInWorkers, SocketWorkers } from './socket-workers.ts';
import type { HttpsInWorkers, StreamWorkers } from './stream-workers.ts';
import type { Streams, Threads } from './threads.ts';
import { createWebTorrentParts, type WebTorrentParts } from './webtorrent-parts.ts';

/** For requests in flight when the tracker stops: answers take milliseconds, a large full scrape longer. */
const closeGraceMs = 3000;
/** Characters; enough for the addresses that matter, which stand last, of any but a very long chain. */
const longestShownHeader = 200;

/** What plain HTTP needs to be served by threads, before it is known whether there are any. */
export interface HttpParts {
  /** How clients are told where the tracker is, which a reload changes in place. */
  readonly names: PublicNames;
  readonly counters: { readonly http: HttpCounters; readonly https: HttpCounters };
  readonly connections: HttpConnections;
  readonly fullScrapes: FullScrapes;
  readonly inWorkers: HttpInWorkers;
  readonly inStreams: HttpsInWorkers;
  /** What goes on with connections of theirs. */
  readonly handedOn: HttpTransport;
  /** Undefined where there is no listener that it could come over, or it is not wanted. */
  readonly webTorrent: WebTorrentParts | undefined;
  /** Requests to somebody else's server; undefined where there is none. */
  readonly guests: ClosableGuests | undefined;
}

/** With what they are answered by, which no listener closes. */
export interface ClosableGuests {
  readonly guests: Guests;
  close(graceMs?: number): Promise<void>;
}

type SharedParts = Pick<HttpParts, 'names' | 'counters' | 'connections' | 'fullScrapes' | 'webTorrent'>;

/** `wake`: makes a worker look into the table of connections. */
export function createHttpParts(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
  wake: (thread: number) => void,
): HttpParts {
  const { configuration, tracker, log } = parts;
  const table = createConnectionTable(configuration);
  // One for all, as they share the process's descriptors.
  const connections = new HttpConnections({
    max: connectionLimit(configuration),
    maxPerAddress: defaultMaxPerAddress,
    trustedProxies: trustedProxies(configuration),
    isOverLimit: createLimitCheck(tracker),
    table,
    thread: configuration.workers,
    wake,
    clock: monotonicSeconds,
  });
  const counters = { http: new HttpCounters(), https: new HttpCounters() };
  const fullScrapes = new FullScrapes(tracker);
  const names = publicNamesOf(plan, configuration);
  const carried = plan.some(({ protocol }) => carriesWebTorrent(protocol, configuration));
  const webTorrent =
    carried || parts.takesGuests
      ? createWebTorrentParts(
          parts,
          configuration.workers + 1 + configuration.streamWorkers,
          configuration.workers,
          connectionLimit(configuration),
          wake,
        )
      : undefined;
  const shared = { names, counters, connections, fullScrapes, webTorrent };
  const handedOn = HttpTransport.withoutListener(transportOptions('HTTP', shared, parts));
  const main = {
    number: configuration.workers,
    connections,
    transport: handedOn,
    wake,
    onBrokenProxyHeader: (proxy: string) => warnOfBrokenHeader(proxy, log),
    onBrokenForwardedFor: warnOfForwardedFor(configuration, log),
    onNoUring: warnOnceOfNoUring(log),
  };
  const hear = (message: HttpWorkerMessage) => hearWorker(message, main);
  const abandoned = (thread: number) => webTorrent?.abandon(thread);
  const inWorkers = {
    settings: httpWorkerSettings(configuration, webTorrent?.shared, names),
    ...{ table, abandoned, hear },
  };
  const inStreams = {
    settings: httpsWorkerSettings(configuration, webTorrent?.shared, names),
    firstThread: configuration.workers + 1,
    ...{ table, fullScrapes, abandoned, hear },
  };
  const guests = parts.takesGuests ? createGuests(shared, parts) : undefined;
  return { ...shared, inWorkers, inStreams, handedOn, guests };
}

function createGuests(shared: SharedParts, parts: ListenerParts): ClosableGuests {
  // What a server of ours would send elsewhere is the other server's affair.
  const { answerFirst, ...options } = transportOptions('HTTP', shared, parts);
  const takeUpgrade = shared.webTorrent?.host.takeUpgrade;
  const requests = new HttpRequests(options);
  const upgrades = takeUpgrade && new UpgradeRequests(options, takeUpgrade);
  return {
    guests: new Guests(requests, upgrades, trustedProxies(parts.configuration)),
    close: async (graceMs = closeGraceMs) => {
      requests.close();
      await shared.webTorrent?.host.close(graceMs);
    },
  };
}

/** HTTP, HTTPS, and HTTP for an authority's questions only, which counts as HTTP. */
export function createHttpOpeners(
  parts: ListenerParts,
  http: HttpParts,
  threads: Threads | undefined,
  streams?: Streams,
): Record<'HTTP' | 'HTTPS' | 'ACME', TransportOpener> {
  const { configuration, certificates } = parts;
  const { counters } = http;
  const open = createOpen(http, parts);
  const proxies = configuration.proxyProtocol ? trustedProxies(configuration) : [];
  // It is this machine itself that asks: from the address that it connects to.
  const expectsHeader = (address: string) => includes(proxies, parseIp(address)!);
  const httpSets = () => [counters.http, ...(threads?.workers.httpCounters() ?? [])];
  return {
    HTTP: {
      open: threads ? openInThreads(threads.workers, http) : open,
      counts: () => httpCounts(httpSets()),
      askSelf: createAskHttp(false, expectsHeader),
      ...(threads && { threads: threads.serving }),
    },
    HTTPS: {
      open: streams ? openInStreams(streams.workers, http) : open,
      counts: () => httpCounts([counters.https, ...(streams?.workers.counters() ?? [])]),
      askSelf: createAskHttp(true, expectsHeader),
      waitsFor: () => (certificates?.current ? undefined : 'its first certificate'),
      ...(streams && { threads: streams.serving }),
    },
    ACME: { open, counts: () => httpCounts(httpSets()) },
  };
}

function openInThreads(workers: SocketWorkers, { handedOn, webTorrent }: HttpParts): TransportOpener['open'] {
  return async (planned) => {
    const { address, inherited, inheritedBeside } = planned;
    if (inherited) workers.sockets.adoptListening(inherited, inheritedBeside);
    const port = inherited ? inherited.port : workers.sockets.listen(address, planned.port);
    return {
      port,
      descriptors: () => workers.sockets.listeningAt(address, port),
      close: async (graceMs = closeGraceMs) => {
        await Promise.all([workers.close(graceMs), handedOn.close(graceMs), webTorrent?.host.close(graceMs)]);
      },
    };
  };
}

function openInStreams(workers: StreamWorkers, { webTorrent }: HttpParts): TransportOpener['open'] {
  return async (planned) => {
    const { address, inherited, inheritedBeside } = planned;
    if (inherited) workers.adoptListening(inherited, inheritedBeside);
    const port = inherited ? inherited.port : workers.listen(address, planned.port);
    return {
      port,
      setCertificate: (certificate) => workers.setCertificate(certificate),
      setTicketKeys: (keys) => workers.setTicketKeys(keys),
      descriptors: () => workers.listeningAt(address, port),
      close: async (graceMs = closeGraceMs) => {
        await Promise.all([workers.close(graceMs), webTorrent?.host.close(graceMs)]);
      },
    };
  };
}

function createOpen(http: SharedParts, parts: ListenerParts): TransportOpener['open'] {
  return async (planned) => {
    const { protocol, address, port } = planned;
    const transport = await HttpTransport.listen({
      ...transportOptions(protocol, http, parts),
      host: address,
      port,
      fd: planned.inherited?.fd,
    });
    // One socket is all that this transport serves.
    for (const { fd } of planned.inheritedBeside ?? []) closeSync(fd);
    return {
      port: transport.port,
      setCertificate: (certificate) => transport.setCertificate(certificate),
      setTicketKeys: (keys) => transport.setTicketKeys(keys),
      descriptors: () => [transport.descriptor],
      close: async (graceMs = closeGraceMs) => {
        await Promise.all([transport.close(graceMs), http.webTorrent?.host.close(graceMs)]);
      },
    };
  };
}

function transportOptions(
  protocol: Protocol,
  { names, counters, connections, fullScrapes, webTorrent }: SharedParts,
  { configuration, tracker, certificates, tickets, challenges, log, failed }: ListenerParts,
): Omit<HttpOptions, 'host' | 'port'> {
  const answerFirst =
    protocol === 'HTTPS'
      ? undefined
      : createAnswerFirst(configuration, challenges, protocol === 'ACME', names);
  return {
    tracker,
    connections,
    fullScrapes,
    counters: protocol === 'HTTPS' ? counters.https : counters.http,
    announceUrls: (host) => formatAnnounceUrls(names.announceUrls, host),
    clock: monotonicSeconds,
    onException: failed,
    proxyProtocol: configuration.proxyProtocol,
    onBrokenProxyHeader: (proxy) => warnOfBrokenHeader(proxy, log),
    onBrokenForwardedFor: warnOfForwardedFor(configuration, log),
    ...(protocol === 'HTTPS' && {
      https: { certificate: certificates?.current, ticketKeys: tickets?.current },
    }),
    ...(answerFirst && { answerFirst }),
    ...(carriesWebTorrent(protocol, configuration) && { takeUpgrade: webTorrent?.host.takeUpgrade }),
  };
}

/** Where every request is sent elsewhere, or only an authority's answered, there are no WebSockets. */
function carriesWebTorrent(protocol: Protocol, { redirectHttp }: Configuration): boolean {
  return protocol === 'HTTPS' || (protocol === 'HTTP' && !redirectHttp);
}

function warnOfBrokenHeader(proxy: string, log: Log): void {
  log.warn('a trusted proxy connects without the header that --proxy-protocol asks for', { proxy });
}

function warnOfForwardedFor({ logIp }: Configuration, log: Log): (header: string) => void {
  return (header) =>
    log.warn('the X-Forwarded-For of a trusted proxy cannot be read, so its clients are refused', {
      x_forwarded_for: logIp === 'full' ? header.slice(-longestShownHeader) : undefined,
    });
}

/** Every thread finds the same. */
function warnOnceOfNoUring(log: Log): (reason: string) => void {
  let warned = false;
  return (reason) => {
    if (!warned) log.warn(`--io-uring: kept HTTP connections go over epoll: ${reason}`);
    warned = true;
  };
}

/** --trusted-proxy as networks. */
export function trustedProxies({ trustedProxy }: Configuration): Cidr[] {
  return trustedProxy.map((network) => parseCidr(network)!);
}
