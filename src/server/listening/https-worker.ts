// HTTPS within a stream worker: made from plain data, as a thread gets them, over the thread's own loop and tracker.
import { duplicateDescriptor } from '../../net/pass-descriptors.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { TcpListener } from '../../net/tcp-listener.ts';
import { parseCidr } from '../../protocol/cidr.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { ConnectionTable } from '../../transport/http/connection-table.ts';
import { FullScrapes } from '../../transport/http/full-scrapes.ts';
import { HttpConnections } from '../../transport/http/http-connections.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import type { HttpLimits } from '../../transport/http/http-limits.ts';
import { type HttpOptions, HttpTransport } from '../../transport/http/http-transport.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { TlsHandshakeLimits } from '../../transport/http/tls-handshakes.ts';
import { WebTorrentHost } from '../../transport/webtorrent/webtorrent-host.ts';
import { monotonicSeconds } from '../clock.ts';
import { formatAnnounceUrls } from './announce-urls.ts';
import { type HttpWorkerMessage, type HttpWorkerSettings, webTorrentOf } from './http-worker.ts';
import { createLimitCheck } from './limit-check.ts';
import { RelayedScrapes } from './relayed-scrapes.ts';
import { sampled } from './thread-words.ts';

/** The same for all threads. */
export interface HttpsWorkerSettings extends Omit<HttpWorkerSettings, 'ioUring'> {
  readonly limits: HttpLimits;
  /** This thread's share of them. */
  readonly handshakes: TlsHandshakeLimits;
  readonly maxScrapeReaders: number;
}

export interface HttpsWorkerData {
  readonly settings: HttpsWorkerSettings;
  readonly certificate: TlsCertificate | undefined;
  readonly ticketKeys: TicketKeys;
  /** One set a thread, by its index. */
  readonly counters: SharedArrayBuffer;
  readonly index: number;
  readonly table: SharedArrayBuffer;
  /** This thread's number in the table. */
  readonly thread: number;
}

/** What the thread tells of HTTPS. */
export type HttpsMessage =
  | Exclude<HttpWorkerMessage, { kind: 'connection' }>
  /** The main thread is to collect a full scrape and send it under this number. */
  | { kind: 'full scrape'; number: number };

export interface HttpsWorkerParts {
  readonly calls: SystemCalls;
  readonly tracker: Tracker;
  readonly onException: (error: unknown) => void;
  readonly tell: (message: HttpsMessage) => void;
}

/** It serves from `listen` on. */
export class HttpsWorker {
  readonly scrapes: RelayedScrapes;
  readonly #calls: SystemCalls;
  readonly #counters: HttpCounters;
  readonly #connections: HttpConnections;
  readonly #options: Omit<HttpOptions, 'host' | 'port' | 'https'>;
  readonly #handshakes: TlsHandshakeLimits;
  readonly #onException: (error: unknown) => void;
  #certificate: TlsCertificate | undefined;
  #ticketKeys: TicketKeys;
  readonly #webTorrent: WebTorrentHost | undefined;
  readonly #transports: HttpTransport[] = [];
  #listening = false;

  constructor(
    { settings, certificate, ticketKeys, counters, index, table, thread }: HttpsWorkerData,
    { calls, tracker, onException, tell }: HttpsWorkerParts,
  ) {
    this.#calls = calls;
    this.#counters = new HttpCounters(counters, index);
    this.#onException = onException;
    this.#certificate = certificate;
    this.#ticketKeys = ticketKeys;
    this.#handshakes = settings.handshakes;
    this.#connections = new HttpConnections({
      max: settings.maxConnections,
      maxPerAddress: settings.maxPerAddress,
      trustedProxies: settings.trustedProxies.map((network) => parseCidr(network)!),
      isOverLimit: createLimitCheck(tracker),
      table: new ConnectionTable(table),
      thread,
      wake: (other) => tell({ kind: 'wake', thread: other }),
      clock: monotonicSeconds,
    });
    this.scrapes = new RelayedScrapes(tracker, (number) => tell({ kind: 'full scrape', number }));
    const { names, proxyProtocol, maxScrapeReaders, limits, webTorrent } = settings;
    this.#webTorrent =
      webTorrent && new WebTorrentHost(webTorrentOf(webTorrent, thread, { calls, tracker, onException }));
    this.#options = {
      tracker,
      limits,
      connections: this.#connections,
      fullScrapes: new FullScrapes(tracker, maxScrapeReaders, () => this.scrapes.begin()),
      counters: this.#counters,
      announceUrls: (host) => formatAnnounceUrls(names.announceUrls, host),
      clock: monotonicSeconds,
      onException,
      proxyProtocol,
      takeUpgrade: this.#webTorrent?.takeUpgrade,
      onBrokenProxyHeader: sampled((proxy: string) => tell({ kind: 'broken proxy header', proxy })),
      onBrokenForwardedFor: sampled((header: string) => tell({ kind: 'broken X-Forwarded-For', header })),
    };
  }

  /** Listens, once, on descriptors of its own: Node closes what it was given, and other threads go on with theirs. */
  async listen(listeners: readonly TcpListener[]): Promise<void> {
    if (this.#listening) return;
    this.#listening = true;
    for (const { fd, address: host, port } of listeners) {
      const transport = await HttpTransport.listen({
        ...this.#options,
        host,
        port,
        fd: duplicateDescriptor(this.#calls, fd),
        https: {
          certificate: this.#certificate,
          handshakes: this.#handshakes,
          ticketKeys: this.#ticketKeys,
        },
      });
      this.#transports.push(transport);
    }
  }

  setCertificate(certificate: TlsCertificate): void {
    this.#certificate = certificate;
    for (const transport of this.#transports) transport.setCertificate(certificate);
  }

  setTicketKeys(keys: TicketKeys): void {
    this.#ticketKeys = keys;
    for (const transport of this.#transports) transport.setTicketKeys(keys);
  }

  /** Ends what other threads have asked this one to end. */
  wake(): void {
    this.#connections.wake();
  }

  /** Counts and tells of an exception that nothing has caught. */
  failed(error: unknown): void {
    this.#counters.exceptions++;
    this.#onException(error);
  }

  async close(graceMs: number): Promise<void> {
    const closed = this.#transports.map((transport) => transport.close(graceMs));
    await Promise.all([...closed, this.#webTorrent?.close(graceMs)]);
  }
}
