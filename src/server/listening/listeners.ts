// How the planned listeners become sockets: which transport serves which protocol, and what the transports share.
import { closeSync } from 'node:fs';
import { findFastPath } from '../../net/availability.ts';
import { loadSystemCalls, type SystemCalls, type SystemCallsOrReason } from '../../net/system-calls.ts';
import { ConnectionIds } from '../../protocol/connection-id.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { AccessMemory } from '../../tracker/access.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import { createUdpCounters } from '../../transport/udp/udp-counters.ts';
import { UdpDgramTransport } from '../../transport/udp/udp-dgram.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import { StartError } from '../usage-error.ts';
import { createHttpOpener } from './http-listeners.ts';
import { listenError, type PlannedListener } from './listen-plan.ts';
import type { Listener, Opener } from './listener.ts';
import { SocketWorkers } from './socket-workers.ts';

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
  /** Called when threads have been started, which takes them a while, and before anything answers. */
  whileStarting?: () => void;
  /** Called when everything is ready that takes its time, and before anything answers. */
  beforeServing?: () => void;
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
  /** Hands other threads new rules of who may announce what. */
  setAccess(memory: AccessMemory): void;
  /** Whether each thread that serves sockets has shown a sign of life since this was last asked. */
  isWell(): boolean;
  close(graceMs?: number): Promise<void>;
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
  const close = async (graceMs?: number) => {
    await Promise.all(all.map((listener) => listener.close(graceMs)));
  };
  const open = async (planned: PlannedListener) => {
    try {
      all.push(await openers[planned.protocol](planned));
    } catch (error) {
      throw listenError(planned, error as NodeJS.ErrnoException);
    }
  };
  // Threads can be made ready and held back; whatever the main thread opens answers at once.
  const early = ({ protocol }: PlannedListener) => protocol === 'UDP' && udp.threaded;
  try {
    for (const planned of plan.filter(early)) await open(planned);
    const started = udp.start();
    // Awaited below; until then nobody else would hear of it.
    started.catch(() => {});
    parts.whileStarting?.();
    await started;
    parts.beforeServing?.();
    for (const planned of plan.filter((planned) => !early(planned))) await open(planned);
    udp.serve();
  } catch (error) {
    await close();
    throw error;
  }
  all.sort((a, b) => plan.indexOf(a.planned) - plan.indexOf(b.planned));
  return { all, http, https, udp: udp.counters, setAccess: udp.setAccess, isWell: udp.isWell, close };
}

interface UdpOpeners {
  open: Opener;
  /** Whether opened sockets stay unanswered until `serve`. */
  threaded: boolean;
  /**
   * Called when every UDP listener is open.
   * @throws StartError
   */
  start(): Promise<void>;
  serve(): void;
  counters(): readonly Float64Array[];
  setAccess(memory: AccessMemory): void;
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
  const { settings, protection } = tracker;
  const workers = new SocketWorkers(calls, {
    workers: configuration.workers,
    store,
    settings,
    protection,
    keys,
    failed,
  });
  return {
    open: async (planned) => {
      const { port, receiveBuffer } = planned.inherited
        ? workers.adopt(planned.inherited, planned.inheritedBeside)
        : workers.bind(planned.address, planned.port);
      if (receiveBuffer < wantedReceiveBuffer) warnOfSmallBuffer(receiveBuffer, log);
      return {
        planned,
        port,
        descriptors: () => workers.descriptorsAt(planned.address, port),
        close: () => workers.close(),
      };
    },
    threaded: true,
    start: async () => {
      try {
        await workers.start();
      } catch (error) {
        throw new StartError(`cannot start the socket workers: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    serve: () => workers.serve(),
    counters: () => workers.counters(),
    setAccess: (memory) => workers.setAccess(memory),
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
      // One socket is all that this transport serves.
      for (const { fd } of planned.inheritedBeside ?? []) closeSync(fd);
      return {
        planned,
        port: transport.port,
        descriptors: () => [transport.descriptor],
        close: () => transport.close(),
      };
    },
    threaded: false,
    start: async () => {},
    serve: () => {},
    counters: () => all,
    // It works with the main thread's own tracker.
    setAccess: () => {},
    isWell: () => true,
  };
}

function warnOfSmallBuffer(bytes: number, log: Log): void {
  log.warn(
    `the UDP receive buffer is ${Math.round(bytes / 1024)} KiB; ` +
      'for bursts raise it: sysctl -w net.core.rmem_max=8388608',
  );
}
