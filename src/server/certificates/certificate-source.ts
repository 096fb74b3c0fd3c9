// Where HTTPS has its certificate from: files that someone else renews, or an authority that the tracker itself asks.
import type { Certificate } from './certificate.ts';

export type CertificateChanged = (certificate: Certificate) => unknown;

export interface CertificatePaths {
  /** --cert: the chain. */
  readonly cert: string;
  /** --key. */
  readonly key: string;
}

export interface CertificateSource {
  /** What to serve now; undefined until there is a first one. */
  readonly current: Certificate | undefined;
  /**
   * Begins to look for newer ones; `changed` is called with each, never before `follow` has returned, and settles when it
   * is shown to all who connect.
   */
  follow(changed: CertificateChanged): void;
  /** Looks at once, and says in the log what it found; resolves to why what it found is not in use. */
  reload(): Promise<string | undefined>;
  /** Where it is files: those that are read from the next `reload` on. */
  moveTo?(paths: CertificatePaths): void;
  close(): void;
}
