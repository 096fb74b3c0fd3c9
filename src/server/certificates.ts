// Where this configuration has its certificate from, and what is wrong with it.
import { type Certificate, checkCertificate } from './certificate.ts';
import { CertificateFiles, loadCertificate } from './certificate-files.ts';
import type { CertificateSource } from './certificate-source.ts';
import type { Configuration } from './configuration.ts';
import type { Log } from './log.ts';
import { redirectDomain } from './plain-http.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * The source that the options name; undefined without HTTPS.
 * @throws StartError when its files cannot be used
 */
export function createCertificateSource(
  configuration: Configuration,
  log: Log,
): CertificateSource | undefined {
  const { httpsPort, cert, key } = configuration;
  if (!httpsPort) return undefined;
  if (cert !== undefined && key !== undefined) return new CertificateFiles({ cert, key }, log);
  return undefined;
}

/** Has `serve` called with each newer certificate, and says daily what clients object to in the one in use. */
export function watchCertificates(
  source: CertificateSource | undefined,
  configuration: Configuration,
  log: Log,
  serve: (certificate: Certificate) => void,
): { close(): void } {
  if (source === undefined) return { close: () => {} };
  const object = () => {
    if (source.current === undefined) return;
    for (const line of objectionsTo(source.current, configuration)) log.warn(line);
  };
  const daily = setInterval(object, dayMs).unref();
  object();
  source.watch((certificate) => {
    serve(certificate);
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
  return objectionsTo(loadCertificate({ cert, key }), configuration);
}

function objectionsTo(certificate: Certificate, configuration: Configuration): string[] {
  const host = redirectDomain(configuration)
    .replace(/:[0-9]+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  // The default says nothing about what clients connect to.
  const hosts = host === 'localhost' ? [] : [host];
  return checkCertificate(certificate, { hosts, now: new Date() });
}
