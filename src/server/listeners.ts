// How the planned listeners become sockets: which transport serves which protocol, and what the transports share.
import { parseCidr } from '../protocol/cidr.ts';
import { ConnectionIds } from '../protocol/connection-id.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { maxConnections } from '../transport/descriptor-limit.ts';
import { HttpConnections } from '../transport/http-connections.ts';
import { HttpCounters } from '../transport/http-counters.ts';
import { HttpTransport } from '../transport/http-transport.ts';
import { createUdpCounters } from '../transport/udp-counters.ts';
import { UdpDgramTransport } from '../transport/udp-dgram.ts';
import { monotonicSeconds } from './clock.ts';
import type { Configuration } from './configuration.ts';
import type { ConnectionKeys } from './connection-keys.ts';
import { listenError, type PlannedListener } from './listen-plan.ts';

/** A listener that answers. `port` is the system's choice when the plan left it open. */
export interface Listener {
  readonly planned: PlannedListener;
  readonly port: number;
  /** Stops accepting and lets what is in flight finish. */
  close(): Promise<void>;
}

/** What every listener works with. */
export interface ListenerParts {
  configuration: Configuration;
  tracker: Tracker;
  keys: ConnectionKeys;
  /** Told of a defect of ours in one request; the listener goes on. */
  failed: (error: unknown) => void;
}

/** For requests in flight when the tracker stops: answers take milliseconds, a large full scrape longer. */
const closeGraceMs = 3000;
const maxConnectionsPerAddress = 256;

/**
 * Opens every listener of the plan or none.
 * @throws StartError that names the first one that could not be opened
 */
export async function openListeners(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
): Promise<Listener[]> {
  const open: Listener[] = [];
  const openers = { HTTP: createHttpOpener(plan, parts), UDP: createUdpOpener(parts) };
  for (const planned of plan) {
    try {
      open.push(await openers[planned.protocol](planned));
    } catch (error) {
      await Promise.all(open.map((listener) => listener.close()));
      throw listenError(planned, error as NodeJS.ErrnoException);
    }
  }
  return open;
}

type Opener = (planned: PlannedListener) => Promise<Listener>;

function createHttpOpener(
  plan: readonly PlannedListener[],
  { configuration, tracker, failed }: ListenerParts,
): Opener {
  const counters = new HttpCounters();
  const connections = new HttpConnections(
    {
      max: maxConnections(),
      maxPerAddress: maxConnectionsPerAddress,
      trustedProxies: configuration.trustedProxy.map((network) => parseCidr(network)!),
    },
    counters,
  );
  const announceUrls = formatAnnounceUrls(plan, configuration.domain);
  return async (planned) => {
    const transport = await HttpTransport.listen({
      host: planned.address,
      port: planned.port,
      tracker,
      connections,
      counters,
      announceUrls,
      clock: monotonicSeconds,
      onException: failed,
    });
    return { planned, port: transport.port, close: () => transport.close(closeGraceMs) };
  };
}

function createUdpOpener({ tracker, keys, failed }: ListenerParts): Opener {
  const ids = new ConnectionIds(keys.current, keys.previous);
  return async (planned) => {
    const transport = await UdpDgramTransport.listen({
      host: planned.address,
      port: planned.port,
      tracker,
      ids,
      counters: createUdpCounters(),
      clock: monotonicSeconds,
      onException: failed,
    });
    return { planned, port: transport.port, close: () => transport.close() };
  };
}

/** What the page at `/` names; a port that the system chooses is not known yet and left out. */
function formatAnnounceUrls(plan: readonly PlannedListener[], domain: string): string[] {
  // --domain may carry the port of the HTTPS listener, which is none of these.
  const host = domain.replace(/:[0-9]+$/, '') || 'localhost';
  const urls = plan
    .filter(({ port }) => port !== 0)
    .map(({ protocol, port }) => `${protocol.toLowerCase()}://${host}:${port}/announce`);
  return [...new Set(urls)];
}
