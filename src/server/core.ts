// What a tracker is before anything of it is open: its store, its rules, its keys, and what it needs of the disk.
import type { Tracker } from '../tracker/tracker.ts';
import { AcmeChallenges } from '../transport/http/acme-challenges.ts';
import { createCertificateSource } from './certificates/certificates.ts';
import { createTracker } from './create-tracker.ts';
import type { ListenerParts } from './listening/listener.ts';
import type { AccessLists } from './lists/access-lists.ts';
import type { Log } from './log/log.ts';
import { logFailure } from './log/log-failure.ts';
import type { Configuration } from './options/configuration.ts';
import { openConnectionKeys } from './storage/connection-keys.ts';
import { createStore } from './storage/create-store.ts';
import { openDataDirectory } from './storage/data-directory.ts';
import { Snapshots } from './storage/snapshots.ts';
import { createTicketKeySource } from './storage/ticket-keys.ts';

export interface Core extends ListenerParts {
  access: AccessLists;
  /** Undefined where swarms are not saved. */
  snapshots: Snapshots | undefined;
}

/** What a program that the tracker is a part of has to do with it. */
export interface Embedding {
  /** Called before anything is open, with what answers on the main thread. */
  readonly prepare: (tracker: Tracker) => void;
}

/** @throws StartError */
export function createCore(
  configuration: Configuration,
  log: Log,
  access: AccessLists,
  embedding?: Embedding,
): Core {
  const { dataDir: directory, snapshotInterval: intervalSeconds } = configuration;
  if (directory !== undefined) openDataDirectory(directory, (message) => log.warn(message));
  const store = createStore(configuration, log);
  const tracker = createTracker(store, configuration, access);
  embedding?.prepare(tracker);
  const challenges = new AcmeChallenges();
  return {
    ...{ configuration, log, access, store, tracker, challenges, takesGuests: embedding !== undefined },
    failed: (error) => logFailure(log, error),
    keys: openConnectionKeys(configuration, log),
    tickets: createTicketKeySource(configuration, log),
    snapshots:
      directory === undefined ? undefined : new Snapshots(store, { directory, intervalSeconds, log }),
    certificates: createCertificateSource(configuration, log, challenges),
  };
}
