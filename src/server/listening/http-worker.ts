// HTTP within a socket worker: made from plain data, as a thread gets them, over the thread's own loop and tracker.
import type { EventLoop } from '../../net/event-loop.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { TcpListener } from '../../net/tcp-listener.ts';
import { explainNoUring } from '../../net/uring/uring-trial.ts';
import { OthersWaker } from '../../net/waker.ts';
import { parseCidr } from '../../protocol/cidr.ts';
import { formatIp } from '../../protocol/ip-address.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { ConnectionTable } from '../../transport/http/connection-table.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import { defaultHttpLimits } from '../../transport/http/http-limits.ts';
import type { TakenConnection } from '../../transport/http/taken-connection.ts';
import type { EpollWebSocketsOptions } from '../../transport/http-epoll/epoll-web-sockets.ts';
import { HttpEpoll } from '../../transport/http-epoll/http-epoll.ts';
import type { PublicNames } from '../../transport/live-change.ts';
import { Mailboxes } from '../../transport/webtorrent/mailboxes.ts';
import { WebTorrentCounters } from '../../transport/webtorrent/webtorrent-counters.ts';
import { monotonicSeconds } from '../clock.ts';
import { formatAnnounceUrls } from './announce-urls.ts';
import { createLimitCheck } from './limit-check.ts';
import { sampled } from './thread-words.ts';
import type { WebTorrentShared } from './webtorrent-parts.ts';

/** The same for all threads. */
export interface HttpWorkerSettings {
  /** Those of the thread, which a reload changes. */
  readonly names: PublicNames;
  /** --trusted-proxy. */
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  /** Whether an authority may ask for challenges on these listeners. */
  readonly acme: boolean;
  /** Without it there is no WebTorrent. */
  readonly webTorrent: WebTorrentShared | undefined;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  /** --io-uring. */
  readonly ioUring: boolean;
}

export interface HttpWorkerData {
  readonly settings: HttpWorkerSettings;
  /** This thread's own. */
  readonly listeners: readonly TcpListener[];
  /** One set a thread, by its number. */
  readonly counters: SharedArrayBuffer;
  readonly table: SharedArrayBuffer;
  readonly thread: number;
}

/** What the thread tells of HTTP. */
export type HttpWorkerMessage =
  /** Whose next request is the main thread's to answer. */
  | { kind: 'connection'; connection: TakenConnection }
  | { kind: 'broken proxy header'; proxy: string }
  | { kind: 'broken X-Forwarded-For'; header: string }
  /** Kept connections go over epoll, for this reason. */
  | { kind: 'no io_uring'; reason: string }
  /** The thread with this number is to look into the table. */
  | { kind: 'wake'; thread: number };

export interface HttpWorkerParts {
  readonly calls: SystemCalls;
  readonly loop: EventLoop;
  readonly tracker: Tracker;
  readonly onException: (error: unknown) => void;
  readonly tell: (message: HttpWorkerMessage) => void;
}

/** It serves from `listen` on. */
export function createHttpWorker(
  { settings, counters, table, thread }: HttpWorkerData,
  { calls, loop, tracker, onException, tell }: HttpWorkerParts,
): HttpEpoll {
  const { names, trustedProxies, maxConnections, webTorrent, ioUring, ...others } = settings;
  const reportProxy = sampled((proxy: string) => tell({ kind: 'broken proxy header', proxy }));
  return new HttpEpoll(calls, loop, {
    ...others,
    tracker,
    counters: new HttpCounters(counters, thread),
    limits: defaultHttpLimits,
    table: new ConnectionTable(table),
    thread,
    max: maxConnections,
    trustedProxies: trustedProxies.map((network) => parseCidr(network)!),
    isOverLimit: createLimitCheck(tracker),
    announceUrls: (host) => formatAnnounceUrls(names.announceUrls, host),
    redirectTo: () => names.redirectTo,
    clock: monotonicSeconds,
    onException,
    onBrokenProxyHeader: (ip) => reportProxy(formatIp(ip)),
    onBrokenForwardedFor: sampled((header: string) => tell({ kind: 'broken X-Forwarded-For', header })),
    webTorrent: webTorrent && webTorrentOf(webTorrent, thread, { calls, tracker, onException }),
    handOver: (connection) => tell({ kind: 'connection', connection }),
    ioUring: ioUring ? 'kept' : undefined,
    wake: (other) => tell({ kind: 'wake', thread: other }),
    onNoUring: (error) => tell({ kind: 'no io_uring', reason: explainNoUring(error) }),
  });
}

/** WebTorrent of a thread other than the main one. */
export function webTorrentOf(
  { mailboxes, threads, offerKey, rules, counters, eventfds }: WebTorrentShared,
  thread: number,
  { calls, tracker, onException }: Pick<HttpWorkerParts, 'calls' | 'tracker' | 'onException'>,
): EpollWebSocketsOptions {
  const waker = new OthersWaker(calls);
  const wake = (other: number) => {
    if (eventfds[other] >= 0) waker.wake(eventfds[other]);
  };
  return {
    ...{ tracker, thread, offerKey, rules, onException },
    counters: new WebTorrentCounters(counters, thread),
    mailboxes: new Mailboxes(mailboxes, threads, thread, wake),
    clock: monotonicSeconds,
  };
}
