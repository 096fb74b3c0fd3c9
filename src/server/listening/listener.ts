// What a listener is to whoever puts the tracker together, and what they all work with.
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { Opener, OpenSocket } from '../../transport/opener.ts';
import type { CertificateSource } from '../certificates/certificate-source.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';
import type { TicketKeySource } from '../storage/ticket-keys.ts';
import type { PlannedListener } from './listen-plan.ts';
import type { PassedFilters } from './passed-filters.ts';

/** A listener that answers. */
export interface Listener extends OpenListener {
  readonly planned: PlannedListener;
}

/** What its opener knows of it. */
export interface OpenListener extends OpenSocket {
  /** For HTTPS: what to show to new connections; resolves when every thread does. */
  setCertificate?(certificate: TlsCertificate): Promise<void> | void;
  /** For HTTPS: how to make session tickets from now on. */
  setTicketKeys?(keys: TicketKeys): void;
}

/** One transport, opened from the plan. */
export type TransportOpener = Opener<PlannedListener, OpenListener>;

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
  /** Whether requests to somebody else's HTTP server are handed in. */
  takesGuests: boolean;
  log: Log;
  /** Of network interfaces, from the tracker before. */
  filters?: PassedFilters | undefined;
  /** Told of a defect of ours in one request; the listener goes on. */
  failed: (error: unknown) => void;
}
