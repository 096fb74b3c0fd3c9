// The certificate that the tracker gets for itself: ordered when there is none, renewed in time, kept over restarts.
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { Log } from '../log/log.ts';
import { AcmeError } from './acme-order.ts';
import { earliestAfterFailure, earliestAfterSuccess, isBelievable, renewalTime } from './acme-schedule.ts';
import type { AcmeStore } from './acme-store.ts';
import { type Certificate, formatDate, parseCertificate } from './certificate.ts';
import type { CertificateChanged, CertificateSource } from './certificate-source.ts';

export interface AcmeOptions {
  readonly domains: readonly string[];
  readonly store: AcmeStore;
  readonly log: Log;
  /** Gets a certificate for the names, or throws. */
  readonly order: () => Promise<TlsCertificate>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly firstRetryMs?: number;
}

/** A timer must be told less than 2^31 ms; and a clock that is set meanwhile shall be noticed. */
const longestSleepMs = 3600_000;

export class AcmeCertificates implements CertificateSource {
  readonly #options: AcmeOptions;
  readonly #now: () => number;
  #current: Certificate | undefined;
  #changed: CertificateChanged = () => {};
  #timer: NodeJS.Timeout | undefined;
  #ordering = false;
  #closed = false;

  constructor(options: AcmeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#current = options.store.certificate();
  }

  get current(): Certificate | undefined {
    return this.#current;
  }

  /** When the next order is due, in milliseconds since the epoch. */
  get nextOrder(): number {
    const { domains, store } = this.#options;
    const kept = store.attempts(domains)?.notBefore ?? 0;
    const earliest = isBelievable(kept, this.#now()) ? kept : 0;
    const current = this.#current;
    if (current === undefined || !isFor(current, domains)) return earliest;
    return Math.max(earliest, renewalTime(lifetimeOf(current)));
  }

  follow(changed: CertificateChanged): void {
    this.#changed = changed;
    if (this.#current === undefined)
      this.#options.log.info('HTTPS waits for its first certificate; until then handshakes fail.');
    this.#schedule();
  }

  /** Never orders out of turn: a signal is sent more easily than an authority's limit is lifted. */
  async reload(): Promise<undefined> {
    const { log } = this.#options;
    const expires = this.#current && formatDate(this.#current.notAfter);
    log.info('The certificate is renewed by the tracker itself.', {
      expires,
      next: formatDate(new Date(this.nextOrder)),
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed) return;
    const wait = Math.max(0, Math.min(this.nextOrder - this.#now(), longestSleepMs));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#orderIfDue(), wait).unref();
  }

  async #orderIfDue(): Promise<void> {
    if (this.#ordering) return;
    if (this.#now() >= this.nextOrder) {
      this.#ordering = true;
      await this.#order();
      this.#ordering = false;
    }
    this.#schedule();
  }

  async #order(): Promise<void> {
    const { domains, store, log, order, firstRetryMs } = this.#options;
    const failures = (store.attempts(domains)?.failures ?? 0) + 1;
    const retryAt = (retryAfterMs: number) =>
      earliestAfterFailure(this.#now(), failures, retryAfterMs, firstRetryMs);
    try {
      // Noted as a failure before it begins: a tracker that is killed and started again has still asked.
      store.saveAttempts({ domains, failures, notBefore: retryAt(0) });
      log.info(`Ordering a certificate for ${domains.join(', ')}.`);
      const { chain, key } = await order();
      const certificate = parseCertificate(chain, key);
      store.saveCertificate(certificate);
      const notBefore = earliestAfterSuccess(this.#now(), lifetimeOf(certificate));
      store.saveAttempts({ domains, failures: 0, notBefore });
      await this.#take(certificate);
    } catch (error) {
      const next = retryAt(error instanceof AcmeError ? error.retryAfterMs : 0);
      this.#noteFailure(failures, next);
      log.warn(`no certificate for ${domains.join(', ')}: ${(error as Error).message}`, {
        next: formatDate(new Date(next)),
        current: this.#current === undefined ? 'none' : 'stays in use',
      });
    }
  }

  async #take(certificate: Certificate): Promise<void> {
    this.#current = certificate;
    await this.#changed(certificate);
    this.#options.log.info('New certificate in use.', {
      names: certificate.names.join(', '),
      expires: formatDate(certificate.notAfter),
    });
  }

  /** Without its note on disk, a failure must still not be followed by the next attempt at once. */
  #noteFailure(failures: number, notBefore: number): void {
    const { domains, store } = this.#options;
    try {
      store.saveAttempts({ domains, failures, notBefore });
    } catch {
      this.close();
      this.#options.log.error(
        'the data directory cannot be written: no certificate is ordered until a restart',
      );
    }
  }
}

function lifetimeOf({ notBefore, notAfter }: Certificate) {
  return { notBefore: notBefore.getTime(), notAfter: notAfter.getTime() };
}

function isFor({ names }: Certificate, domains: readonly string[]): boolean {
  return names.length === domains.length && domains.every((name) => names.includes(name));
}
