// Starts an HTTP transport over a small tracker each of the ways there are, for the tests of this folder.
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findFastPath } from '../../../src/net/availability.ts';
import { EventLoop } from '../../../src/net/event-loop.ts';
import type { SystemCalls } from '../../../src/net/system-calls.ts';
import { openTcpListeners } from '../../../src/net/tcp-listener.ts';
import { whyNoUring } from '../../../src/net/uring/uring-trial.ts';
import { type Cidr, parseCidr } from '../../../src/protocol/cidr.ts';
import { formatIp } from '../../../src/protocol/ip-address.ts';
import { StreamWorkers } from '../../../src/server/listening/stream-workers.ts';
import { createTicketKeys } from '../../../src/server/storage/ticket-keys.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { ConnectionTable } from '../../../src/transport/http/connection-table.ts';
import { FullScrapes } from '../../../src/transport/http/full-scrapes.ts';
import {
  HttpConnections,
  type HttpConnectionsOptions,
} from '../../../src/transport/http/http-connections.ts';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';
import { defaultHttpLimits } from '../../../src/transport/http/http-limits.ts';
import { createRedirect } from '../../../src/transport/http/http-redirect.ts';
import { type HttpOptions, HttpTransport } from '../../../src/transport/http/http-transport.ts';
import type { TlsCertificate } from '../../../src/transport/http/secure-context.ts';
import { defaultTlsHandshakeLimits } from '../../../src/transport/http/tls-handshakes.ts';
import { HttpEpoll, type HttpEpollOptions } from '../../../src/transport/http-epoll/http-epoll.ts';
import { contractSettings, createContractStore, createContractTracker } from '../contract.ts';

export interface StartedHttp {
  port: number;
  counters: HttpCounters;
  exceptions: unknown[];
  transport: Pick<HttpTransport, 'close'> & {
    setCertificate(certificate: TlsCertificate): Promise<void> | void;
  };
}

export type HttpChanges = Partial<Omit<HttpOptions, 'tracker'>> &
  Partial<HttpConnectionsOptions> & {
    trusted?: string[];
    tracker?: Tracker;
    /** `host[:port]` of HTTPS, where every request is sent. */
    redirectTo?: string;
  };

interface Parts {
  options: Omit<HttpOptions, 'host' | 'port'> & { host: string; port: number };
  connections: HttpConnectionsOptions;
  trustedProxies: Cidr[];
  counters: HttpCounters;
  exceptions: unknown[];
}

function partsFrom({
  max = 1000,
  maxPerAddress = 1000,
  trusted = [],
  isOverLimit = () => false,
  redirectTo,
  tracker = createContractTracker(),
  ...options
}: HttpChanges): Parts {
  const counters = new HttpCounters();
  const exceptions: unknown[] = [];
  const trustedProxies = trusted.map((text) => parseCidr(text)!);
  const connections = { max, maxPerAddress, trustedProxies, isOverLimit };
  return {
    options: {
      host: '127.0.0.1',
      port: 0,
      tracker,
      fullScrapes: new FullScrapes(tracker),
      connections: new HttpConnections(connections),
      counters,
      announceUrls: () => ['http://tracker.example.net:6969/announce'],
      clock: () => 1000,
      onException: (error) => exceptions.push(error),
      ...(redirectTo !== undefined && { answerFirst: createRedirect(() => `https://${redirectTo}`) }),
      ...options,
    },
    connections,
    trustedProxies,
    counters,
    exceptions,
  };
}

export async function startNode(changes: HttpChanges = {}): Promise<StartedHttp> {
  const { options, counters, exceptions } = partsFrom(changes);
  const transport = await HttpTransport.listen(options);
  return { port: transport.port, counters, exceptions, transport };
}

const { calls, reason: noFastPath } = findFastPath();

/** The event loop of the socket workers, but turned every millisecond by this thread; connections over io_uring if told so. */
export async function startEpoll(
  changes: HttpChanges = {},
  ioUring?: HttpEpollOptions['ioUring'],
  own: SystemCalls = calls!,
): Promise<StartedHttp> {
  const { options, connections, trustedProxies, counters, exceptions } = partsFrom(changes);
  const [listener] = openTcpListeners(calls!, {
    address: options.host,
    port: options.port,
    backlog: 512,
    deferSeconds: 0,
  });
  // What this thread does not answer goes on in node:http, as in the program.
  const other = HttpTransport.withoutListener(options);
  const loop = new EventLoop(calls!);
  const epoll = new HttpEpoll(own, loop, {
    ...options,
    limits: options.limits ?? defaultHttpLimits,
    trustedProxies,
    table: ConnectionTable.create(1, 4096, new Int32Array([1, 2])),
    thread: 0,
    max: connections.max,
    maxPerAddress: connections.maxPerAddress,
    isOverLimit: connections.isOverLimit!,
    proxyProtocol: options.proxyProtocol ?? false,
    onBrokenProxyHeader: (ip) => options.onBrokenProxyHeader?.(formatIp(ip)),
    redirectTo: () => (changes.redirectTo === undefined ? undefined : `https://${changes.redirectTo}`),
    acme: true,
    handOver: (connection) => other.take(connection),
    wake: () => {},
    ioUring,
    onNoUring: (error) => exceptions.push(error),
  });
  epoll.listen(listener.fd);
  const timer = setInterval(() => loop.turn(0), 1);
  let closed = false;
  return {
    port: listener.port,
    counters,
    exceptions,
    transport: {
      setCertificate: () => {},
      close: async (graceMs = 1000) => {
        // A descriptor closed twice is somebody else's the second time.
        if (closed) return;
        closed = true;
        epoll.stop();
        calls!.close(listener.fd);
        const end = performance.now() + graceMs;
        while (!epoll.isIdle && performance.now() < end) await pause(2);
        clearInterval(timer);
        epoll.close();
        loop.close();
        await other.close(graceMs);
      },
    },
  };
}

/** Why HTTP in the event loop cannot be tested here; undefined where it can. With CI=true it must. */
export const noEpoll = calls === undefined ? noFastPath : undefined;
if (noEpoll !== undefined && process.env.CI === 'true')
  throw new Error(`the fast path must be tested here: ${noEpoll}`);

/** The same for io_uring. */
export const noUring = noEpoll ?? whyNoUring(calls!);
if (noUring !== undefined && process.env.CI === 'true')
  throw new Error(`io_uring must be tested here: ${noUring}`);

/** HTTPS in two stream workers, which count together. */
async function startStreams(changes: HttpChanges): Promise<StartedHttp> {
  const store = createContractStore();
  const { options, connections, exceptions } = partsFrom(changes);
  const { deadlineMs, max } = changes.https?.handshakes ?? defaultTlsHandshakeLimits;
  const count = 2;
  const streams: StreamWorkers = new StreamWorkers(calls!, {
    workers: count,
    store,
    settings: contractSettings,
    certificate: changes.https?.certificate,
    ticketKeys: createTicketKeys(),
    failed: (error) => exceptions.push(error),
    https: {
      settings: {
        names: {
          announceUrls: { domain: 'tracker.example.net', doors: [['http', 6969]] },
          redirectTo: undefined,
        },
        trustedProxies: changes.trusted ?? [],
        proxyProtocol: options.proxyProtocol ?? false,
        acme: false,
        webTorrent: undefined,
        maxConnections: connections.max,
        maxPerAddress: connections.maxPerAddress,
        limits: options.limits ?? defaultHttpLimits,
        handshakes: { deadlineMs, max: Math.ceil(max / count) },
        maxScrapeReaders: 16,
      },
      table: ConnectionTable.create(count, 4096, new Int32Array([1, 2])),
      firstThread: 0,
      fullScrapes: options.fullScrapes,
      hear: (message) => {
        if (message.kind === 'wake') streams.wake(message.thread);
        else if (message.kind === 'broken proxy header') options.onBrokenProxyHeader?.(message.proxy);
      },
    },
  });
  const port = streams.listen(options.host, options.port);
  await streams.start();
  streams.serve();
  const counters = new Proxy(new HttpCounters(), {
    get: (_, name) => HttpCounters.sum(streams.counters())[name as 'announces'],
  });
  return {
    ...{ port, counters, exceptions },
    transport: {
      setCertificate: (certificate) => streams.setCertificate(certificate),
      close: (graceMs = 1000) => streams.close(graceMs),
    },
  };
}

type Over = 'node' | 'epoll' | 'io_uring' | 'streams';
let chosen: Over = 'node';

/** Runs the suites that are imported from now on over another transport. */
export function testOver(transport: Over): void {
  chosen = transport;
}

/** Listens on loopback; whoever starts it closes it. */
export function startHttp(changes: HttpChanges = {}): Promise<StartedHttp> {
  if (chosen === 'streams') return startStreams(changes);
  if (chosen === 'node' || changes.https !== undefined) return startNode(changes);
  return startEpoll(changes, chosen === 'io_uring' ? 'all' : undefined);
}

/** As `startHttp`, closed at the end of the test. */
export async function startHttpFor(t: TestContext, changes: HttpChanges = {}): Promise<StartedHttp> {
  const started = await startHttp(changes);
  t.after(() => started.transport.close(0));
  return started;
}

/** Waits until the server knows of no open connection: it hears of an end a moment after the client. */
export async function allClosed(counters: HttpCounters): Promise<void> {
  for (let i = 0; counters.connectionsOpen > 0; i++) {
    if (i === 100) throw new Error(`${counters.connectionsOpen} connections stay open`);
    await pause(10);
  }
}
