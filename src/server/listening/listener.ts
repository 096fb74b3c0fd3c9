// What a listener is to whoever puts the tracker together: something that answers at an address until it is closed.
import type { TlsCertificate } from '../../transport/http/tls-settings.ts';
import type { PlannedListener } from './listen-plan.ts';

/** A listener that answers. `port` is the system's choice when the plan left it open. */
export interface Listener {
  readonly planned: PlannedListener;
  readonly port: number;
  /** For HTTPS: what to show to new connections. */
  setCertificate?(certificate: TlsCertificate): void;
  /** Its open sockets. */
  descriptors(): readonly number[];
  /** Stops accepting and lets what is in flight finish, for at most `graceMs` where the listener's own is longer. */
  close(graceMs?: number): Promise<void>;
}

export type Opener = (planned: PlannedListener) => Promise<Listener>;
