// How the planned listeners become sockets: which transport serves which protocol, and what the transports share.
import { findFastPath } from '../net/availability.ts';
import { loadSystemCalls, type SystemCalls, type SystemCallsOrReason } from '../net/system-calls.ts';
import { ConnectionIds } from '../protocol/connection-id.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { AcmeChallenges } from '../transport/acme-challenges.ts';
import { HttpCounters } from '../transport/http-counters.ts';
import type { TlsCertificate } from '../transport/tls-settings.ts';
import { createUdpCounters } from '../transport/udp-counters.ts';
import { UdpDgramTransport } from '../transport/udp-dgram.ts';
import type { CertificateSource } from './certificate-source.ts';
import { monotonicSeconds } from './clock.ts';
import type { Configuration } from './configuration.ts';
import type { ConnectionKeys } from './connection-keys.ts';
import { createHttpOpener } from './http-listeners.ts';
import { listenError, type PlannedListener } from './listen-plan.ts';
import type { Log } from './log.ts';
import { SocketWorkers } from './socket-workers.ts';
import { StartError } from './usage-error.ts';

/** A listener that answers. `port` is the system's choice when the plan left it open. */
export interface Listener {
  readonly planned: PlannedListener;
  readonly port: number;
  /** For HTTPS: what to show to new connections. */
  setCertificate?(certificate: TlsCertificate): void;
  /** Stops accepting and lets what is in flight finish. */
  close(): Promise<void>;
}

/** What every listener works with. */
export interface ListenerParts {
  configuration: Configuration;
  store: SwarmStore;
  tracker: Tracker;
  keys: ConnectionKeys;
  /** Where HTTPS has its certificate from; undefined without HTTPS. */
  certificates: CertificateSource | undefined;
  challenges: AcmeChallenges;
  log: Log;
  /** Told of a defect of ours in one request; the listener goes on. */
  failed: (error: unknown) => void;
}

/** Bytes of waiting datagrams below which a burst of a few thousand is lost; twice Linux's usual limit. */
const wantedReceiveBuffer = 400 * 1024;

/** What answers, and what it has counted. */
export interface Listeners {
  readonly all: readonly Listener[];
  readonly http: HttpCounters;
  readonly https: HttpCounters;
  /** One set a UDP socket, live. */
  udp(): readonly Float64Array[];
  /** Whether each thread that serves sockets has shown a sign of life since this was last asked. */
  isWell(): boolean;
  close(): Promise<void>;
}

/**
 * Opens every listener of the plan or none.
 * @throws StartError that names the first one that could not be opened
 */
export async function openListeners(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
): Promise<Listeners> {
  const all: Listener[] = [];
  const http = new HttpCounters();
  const https = new HttpCounters();
  const udp = createUdpOpeners(plan, parts);
  const openHttp = createHttpOpener(plan, { http, https }, parts);
  const openers = { HTTP: openHttp, HTTPS: openHttp, ACME: openHttp, UDP: udp.open };
  const close = async () => {
    await Promise.all(all.map((listener) => listener.close()));
  };
  for (const planned of plan) {
    try {
      all.push(await openers[planned.protocol](planned));
    } catch (error) {
      await close();
      throw listenError(planned, error as NodeJS.ErrnoException);
    }
  }
  try {
    await udp.start();
  } catch (error) {
    await close();
    throw new StartError(`cannot start the socket workers: ${(error as Error).message}`, { cause: error });
  }
  return { all, http, https, udp: udp.counters, isWell: udp.isWell, close };
}

export type Opener = (planned: PlannedListener) => Promise<Listener>;

interface UdpOpeners {
  open: Opener;
  /** Called when every listener is open. */
  start(): Promise<void>;
  counters(): readonly Float64Array[];
  isWell(): boolean;
}

function createUdpOpeners(plan: readonly PlannedListener[], parts: ListenerParts): UdpOpeners {
  const { configuration, log } = parts;
  const wanted = configuration.workers > 0 && plan.some(({ protocol }) => protocol === 'UDP');
  if (!wanted) return createDgramOpeners(parts);
  // The log of every request is written by the main thread.
  if (configuration.verbose) return createDgramOpeners(parts);
  const { calls, reason } = findSystemCalls(plan);
  if (calls) return createWorkerOpeners(calls, parts);
  log.warn(`socket workers cannot be used (${reason}); UDP runs on the main thread, a good deal slower`);
  return createDgramOpeners(parts);
}

/** A sandbox around a tracker with inherited sockets may forbid any other, and so the trial with sockets of its own. */
function findSystemCalls(plan: readonly PlannedListener[]): SystemCallsOrReason {
  const udp = plan.filter(({ protocol }) => protocol === 'UDP');
  return udp.every(({ inherited }) => inherited !== undefined) ? loadSystemCalls() : findFastPath();
}

function createWorkerOpeners(calls: SystemCalls, parts: ListenerParts): UdpOpeners {
  const { configuration, store, tracker, keys, failed, log } = parts;
  const { settings } = tracker;
  const workers = new SocketWorkers(calls, { workers: configuration.workers, store, settings, keys, failed });
  return {
    open: async (planned) => {
      const { port, receiveBuffer } = planned.inherited
        ? workers.adopt(planned.inherited)
        : workers.bind(planned.address, planned.port);
      if (receiveBuffer < wantedReceiveBuffer) warnOfSmallBuffer(receiveBuffer, log);
      return { planned, port, close: () => workers.close() };
    },
    start: () => workers.start(),
    counters: () => workers.counters(),
    isWell: () => workers.isWell(),
  };
}

function createDgramOpeners({ tracker, keys, failed }: ListenerParts): UdpOpeners {
  const ids = new ConnectionIds(keys.current, keys.previous);
  const all: Float64Array[] = [];
  return {
    open: async (planned) => {
      const counters = createUdpCounters();
      all.push(counters);
      const transport = await UdpDgramTransport.listen({
        host: planned.address,
        port: planned.port,
        fd: planned.inherited?.fd,
        tracker,
        ids,
        counters,
        clock: monotonicSeconds,
        onException: failed,
      });
      return { planned, port: transport.port, close: () => transport.close() };
    },
    start: async () => {},
    counters: () => all,
    isWell: () => true,
  };
}

function warnOfSmallBuffer(bytes: number, log: Log): void {
  log.warn(
    `the UDP receive buffer is ${Math.round(bytes / 1024)} KiB; ` +
      'for bursts raise it: sysctl -w net.core.rmem_max=8388608',
  );
}
