// What runs beside the answers: it renews, forgets, saves and reports, each part on its own.
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import { followCertificates } from '../certificates/certificates.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Listeners } from '../listening/listeners.ts';
import type { AccessLists } from '../lists/access-lists.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import type { Snapshots } from '../storage/snapshots.ts';
import type { TicketKeySource } from '../storage/ticket-keys.ts';
import { Expiry } from './expiry.ts';
import type { Part } from './parts.ts';
import { SharedAddress } from './shared-address.ts';
import { StatsLine } from './stats-line.ts';
import { startWarmUp } from './warm-up.ts';

export interface UpkeepParts {
  configuration: Configuration;
  store: SwarmStore;
  tracker: Tracker;
  listeners: Listeners;
  access: AccessLists;
  certificates: CertificateSource | undefined;
  tickets: TicketKeySource | undefined;
  snapshots: Snapshots | undefined;
  log: Log;
  failed: (error: unknown) => void;
  statsEveryMs: number;
  /** Told the line that the log gets. */
  onStats: ((line: string) => void) | undefined;
}

/** In the order in which they are to start. */
export function createUpkeep(parts: UpkeepParts): Part[] {
  const { store, snapshots, log } = parts;
  const sharedAddress = new SharedAddress(store.walk(), log);
  return [
    certificateUpkeep(parts),
    ticketUpkeep(parts),
    expiryUpkeep(parts),
    { start: () => sharedAddress.start(), stop: () => sharedAddress.close() },
    snapshots ?? { start: () => log.info(nothingIsKept), stop: () => {} },
    statsUpkeep(parts),
  ];
}

const nothingIsKept = 'Without --data-dir nothing is written, and the swarms are not kept over a restart.';

/** Has lists that have changed come into force, on every thread. */
export function accessUpkeep({ access, listeners }: Pick<UpkeepParts, 'access' | 'listeners'>): Part {
  return {
    start: () =>
      access.follow(
        (access) => listeners.change({ access }),
        () => listeners.changeTaken(),
      ),
    stop: () => access.close(),
  };
}

function certificateUpkeep({ certificates, configuration, log, listeners }: UpkeepParts): Part {
  let following: { close(): void } | undefined;
  return {
    start: () => {
      following = followCertificates(certificates, configuration, log, async (certificate) => {
        await Promise.all(listeners.all.map((listener) => listener.setCertificate?.(certificate)));
      });
    },
    stop: () => following?.close(),
  };
}

/** Has all threads make session tickets with the newest keys. */
function ticketUpkeep({ tickets, listeners }: UpkeepParts): Part {
  return {
    start: () =>
      tickets?.follow((keys) => {
        for (const listener of listeners.all) listener.setTicketKeys?.(keys);
      }),
    stop: () => tickets?.close(),
  };
}

function expiryUpkeep({ store, configuration: { peerTtl }, failed }: UpkeepParts): Part {
  const expiry = new Expiry(store, { peerTtl, now: monotonicSeconds, failed });
  let endWarmUp = () => {};
  return {
    start: () => {
      endWarmUp = startWarmUp(() => expiry.start());
    },
    stop: () => {
      endWarmUp();
      expiry.stop();
    },
  };
}

function statsUpkeep({ store, listeners, log, statsEveryMs, onStats }: UpkeepParts): Part {
  let timer: NodeJS.Timeout | undefined;
  return {
    start: () => {
      const statsLine = new StatsLine(store, () => listeners.tallies());
      timer = setInterval(() => {
        const line = statsLine.next();
        log.info(line);
        onStats?.(line);
      }, statsEveryMs);
    },
    stop: () => clearInterval(timer),
  };
}
