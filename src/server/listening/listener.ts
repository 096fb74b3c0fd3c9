// What a listener is to whoever puts the tracker together, and what a transport must bring to be listened on.
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { AccessMemory } from '../../tracker/access.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { AskSelf } from '../../transport/self-question.ts';
import type { TransportCounts } from '../../transport/transport-counts.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import type { TicketKeySource } from '../storage/ticket-keys.ts';
import type { PlannedListener } from './listen-plan.ts';

/** A listener that answers. `port` is the system's choice when the plan left it open. */
export interface Listener {
  readonly planned: PlannedListener;
  readonly port: number;
  /** For HTTPS: what to show to new connections; resolves when every thread does. */
  setCertificate?(certificate: TlsCertificate): Promise<void> | void;
  /** For HTTPS: how to make session tickets from now on. */
  setTicketKeys?(keys: TicketKeys): void;
  /** Its open sockets. */
  descriptors(): readonly number[];
  /** Stops accepting and lets what is in flight finish, for at most `graceMs` where the listener's own is longer. */
  close(graceMs?: number): Promise<void>;
}

/** One transport: how it is listened on, and what all its listeners have counted. */
export interface TransportOpener {
  /** Rejects with the system's error when the socket cannot be had. */
  open(planned: PlannedListener): Promise<Listener>;
  counts(): TransportCounts;
  /** What it tells the log's line a minute: counters under the words that the line has for them. */
  tallies?(): Readonly<Record<string, number>>;
  /** An announce to a listener of its own; a transport without it is not asked. */
  readonly askSelf?: AskSelf;
  /** What its listeners wait for before they can answer anybody; undefined when it is nothing. */
  waitsFor?(): string | undefined;
  /** Where threads serve its sockets. Several transports may share them. */
  readonly threads?: ServingThreads;
}

/** Threads that are made ready while the main thread loads, and held back until everything is. */
export interface ServingThreads {
  /**
   * Called when every listener of theirs is open.
   * @throws StartError
   */
  start(): Promise<void>;
  serve(): void;
  /** Hands them new rules of who may announce what. */
  setAccess(memory: AccessMemory): void;
  /** Resolves when none of them answers by older rules, or to which may still do so. */
  accessTaken(): Promise<string | undefined>;
  /** Whether each has shown a sign of life since this was last asked. */
  isWell(): boolean;
}

/** What every listener works with. */
export interface ListenerParts {
  configuration: Configuration;
  store: SwarmStore;
  tracker: Tracker;
  keys: ConnectionKeys;
  /** Where HTTPS has its certificate from; undefined without HTTPS. */
  certificates: CertificateSource | undefined;
  /** Where HTTPS has the keys of its session tickets from; undefined without HTTPS. */
  tickets: TicketKeySource | undefined;
  challenges: AcmeChallenges;
  log: Log;
  /** Told of a defect of ours in one request; the listener goes on. */
  failed: (error: unknown) => void;
}
