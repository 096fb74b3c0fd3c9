// Whether sockets are served by threads of their own, and what every transport that they serve has in common.
import { findFastPath } from '../../net/availability.ts';
import { loadSystemCalls, type SystemCallsOrReason } from '../../net/system-calls.ts';
import type { DatagramWorkers, ServingThreads, SharedKeys } from '../../transport/opener.ts';
import { udpCounts, udpTallies } from '../../transport/udp/udp-counts.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { createTicketKeys } from '../storage/ticket-keys.ts';
import type { PlannedListener } from './listen-plan.ts';
import type { ListenerParts } from './listener.ts';
import { type HttpInWorkers, SocketWorkers } from './socket-workers.ts';
import { type HttpsInWorkers, StreamWorkers } from './stream-workers.ts';

/** The socket workers, and how whoever opens listeners goes about them. */
export interface Threads {
  readonly workers: SocketWorkers;
  readonly serving: ServingThreads;
}

/** The stream workers, likewise. */
export interface Streams {
  readonly workers: StreamWorkers;
  readonly serving: ServingThreads;
}

/** The socket workers, as transports know them that have datagrams answered there. */
export function datagramWorkers({ workers, serving }: Threads): DatagramWorkers {
  return {
    serving,
    bind: (address, port) => workers.sockets.bind(address, port),
    adopt: (inherited, beside) => workers.sockets.adopt(inherited, beside),
    descriptorsAt: (address, port) => workers.sockets.descriptorsAt(address, port),
    close: (graceMs) => workers.close(graceMs),
    counts: () => udpCounts(workers.counters(), workers.xdpCounts()),
    tallies: () => udpTallies(workers.counters()),
  };
}

/** Undefined where the main thread serves, as the options or the machine want it; a line in the log says why. */
export function createThreads(
  plan: readonly PlannedListener[],
  { configuration, store, tracker, keys, failed, log, filters }: ListenerParts,
  http: HttpInWorkers,
): Threads | undefined {
  const served = plan.filter(({ protocol }) => protocol === 'UDP' || protocol === 'HTTP');
  if (configuration.workers === 0 || served.length === 0) return undefined;
  const { calls, reason } = findSystemCalls(served);
  if (!calls) {
    log.warn(
      `socket workers cannot be used (${reason}); UDP and HTTP run on the main thread, a good deal slower`,
    );
    return undefined;
  }
  const { settings, protection } = tracker;
  const workers = new SocketWorkers(calls, {
    workers: configuration.workers,
    store,
    settings,
    protection,
    keys,
    http,
    xdp: xdpOf(configuration, keys, log, filters),
    failed,
    requestLog: requestLogOf(configuration, log),
  });
  const shareKeys = (shared: SharedKeys) => workers.shareKeys(shared);
  return { workers, serving: { ...serving('socket workers', workers), shareKeys } };
}

/** Undefined where the main thread carries HTTPS, if anybody does; a line in the log says why. */
export function createStreams(
  plan: readonly PlannedListener[],
  { configuration, store, tracker, certificates, tickets, failed, log }: ListenerParts,
  https: HttpsInWorkers,
): Streams | undefined {
  if (configuration.streamWorkers === 0 || !plan.some(({ protocol }) => protocol === 'HTTPS'))
    return undefined;
  const { calls, reason } = loadSystemCalls();
  if (!calls) {
    log.warn(`stream workers cannot be used (${reason}); HTTPS runs on the main thread`);
    return undefined;
  }
  const workers = new StreamWorkers(calls, {
    workers: configuration.streamWorkers,
    store,
    settings: tracker.settings,
    protection: tracker.protection,
    https,
    certificate: certificates?.current,
    ticketKeys: tickets?.current ?? createTicketKeys(),
    failed,
    requestLog: requestLogOf(configuration, log),
  });
  return { workers, serving: serving('stream workers', workers) };
}

function requestLogOf({ verbose, logIp }: Configuration, log: Log) {
  return { lines: log, verbose, logIp };
}

function xdpOf(
  { xdp, noXdpShield, rateLimit }: Configuration,
  keys: ListenerParts['keys'],
  log: Log,
  passed: ListenerParts['filters'],
) {
  if (xdp.length === 0) return undefined;
  return { interfaces: xdp, shield: !noXdpShield, rate: rateLimit.udp, keys, log, passed };
}

/** A sandbox around a tracker with inherited sockets may forbid any other, and so the trial with sockets of its own. */
function findSystemCalls(served: readonly PlannedListener[]): SystemCallsOrReason {
  return served.every(({ inherited }) => inherited !== undefined) ? loadSystemCalls() : findFastPath();
}

function serving(name: string, workers: SocketWorkers | StreamWorkers): ServingThreads {
  return {
    start: async () => {
      try {
        await workers.start();
      } catch (error) {
        throw new StartError(`cannot start the ${name}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    serve: () => workers.serve(),
    change: (change) => workers.change(change),
    changeTaken: () => workers.changeTaken(),
    isWell: () => workers.isWell(),
  };
}
