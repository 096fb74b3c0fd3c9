// Where this configuration has its certificate from, and what is wrong with it.
//
// One that cannot be served ends the start; one that clients refuse is warned of: to exit on expiry would take UDP and
// HTTP down with it at the next reboot.
import { statSync } from 'node:fs';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { redirectDomain } from '../options/redirect-domain.ts';
import { StartError } from '../start-error.ts';
import { tooOpen } from '../storage/file-access.ts';
import { AcmeCertificates } from './acme-certificates.ts';
import { orderCertificate } from './acme-order.ts';
import { AcmeStore } from './acme-store.ts';
import { type Certificate, checkCertificate } from './certificate.ts';
import { CertificateFiles, loadCertificate } from './certificate-files.ts';
import type { CertificateChanged, CertificateSource } from './certificate-source.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * The source that the options name; undefined without HTTPS.
 * @throws StartError when its files or directories cannot be used
 */
export function createCertificateSource(
  configuration: Configuration,
  log: Log,
  challenges: AcmeChallenges,
): CertificateSource | undefined {
  const { httpsPort, cert, key, acmeDomain, acmeEmail, acmeDirectory, dataDir } = configuration;
  if (!httpsPort) return undefined;
  if (cert !== undefined && key !== undefined) return new CertificateFiles({ cert, key }, log);
  if (acmeDomain.length === 0 || dataDir === undefined) return undefined;
  const domains = [...new Set(acmeDomain)];
  const { store, accountKey } = openAcmeStore(dataDir, acmeDirectory);
  const order = { directory: acmeDirectory, domains, email: acmeEmail, accountKey, challenges };
  return new AcmeCertificates({ domains, store, log, order: () => orderCertificate(order) });
}

function openAcmeStore(dataDir: string, directory: string): { store: AcmeStore; accountKey: string } {
  try {
    const store = new AcmeStore(dataDir, directory);
    return { store, accountKey: store.accountKey() };
  } catch (error) {
    throw new StartError(`--data-dir ${dataDir}: ${(error as Error).message}`, { cause: error });
  }
}

/** Has `serve` called with each newer certificate, and says daily what clients object to in the one in use. */
export function followCertificates(
  source: CertificateSource | undefined,
  configuration: Configuration,
  log: Log,
  serve: CertificateChanged,
): { close(): void } {
  if (source === undefined) return { close: () => {} };
  const object = () => {
    if (source.current === undefined) return;
    for (const line of objectionsTo(source.current, configuration, true)) log.warn(line);
  };
  const daily = setInterval(object, dayMs).unref();
  object();
  source.follow(async (certificate) => {
    await serve(certificate);
    object();
  });
  return {
    close: () => {
      clearInterval(daily);
      source.close();
    },
  };
}

/**
 * What clients would object to in the certificate files that the options name, for a check.
 * @throws StartError when HTTPS cannot be served with them
 */
export function checkCertificateFiles(configuration: Configuration): string[] {
  const { httpsPort, cert, key } = configuration;
  if (!httpsPort || cert === undefined || key === undefined) return [];
  return objectionsTo(loadCertificate({ cert, key }), configuration, false);
}

function objectionsTo(certificate: Certificate, configuration: Configuration, daily: boolean): string[] {
  const host = redirectDomain(configuration)
    .replace(/:[0-9]+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  // The default says nothing about what clients connect to.
  const hosts = host === 'localhost' ? [] : [host];
  return [
    ...checkCertificate(certificate, { hosts, now: new Date(), daily }),
    ...checkKeyMode(configuration.key),
  ];
}

/** A private key that others can read is no longer private. */
function checkKeyMode(key: string | undefined): string[] {
  const mode = key === undefined ? undefined : statSync(key, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || tooOpen(mode, 0o007) === 0) return [];
  return [`--key ${key} is open to everyone on this machine: chmod 640 ${key}`];
}
