// What a certificate and its key say: whether they fit together, and what a strict client would object to.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { secureContextOptions, type TlsCertificate } from '../../transport/http/secure-context.ts';

/** A pair that HTTPS can be served with. */
export interface Certificate extends TlsCertificate {
  /** DNS names and addresses that it is for. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The leaf, then what the file holds besides. */
  readonly certificates: readonly X509Certificate[];
}

/** Why HTTPS cannot be served with a pair; completes "the certificate …" or "the key …". */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

const dayMs = 24 * 3600 * 1000;
const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads a chain (PEM, the leaf first) and its private key (PEM).
 * @throws CertificateError when they are not what they should be or do not belong together
 */
export function parseCertificate(chain: string, key: string): Certificate {
  const certificates = (chain.match(pemBlock) ?? []).map(parseBlock);
  const leaf = certificates[0];
  if (leaf === undefined) throw new CertificateError('the certificate file holds no certificate (PEM)');
  const privateKey = parseKey(key);
  if (!leaf.checkPrivateKey(privateKey)) {
    const place = certificates.findIndex((certificate) => certificate.checkPrivateKey(privateKey));
    throw new CertificateError(
      place > 0
        ? `the key belongs to certificate ${place + 1} of the file; that one must come first`
        : 'the key does not belong to the certificate',
    );
  }
  try {
    createSecureContext(secureContextOptions({ chain, key }));
  } catch (error) {
    throw new CertificateError(`TLS cannot use the pair: ${(error as Error).message}`);
  }
  const notBefore = new Date(leaf.validFrom);
  const notAfter = new Date(leaf.validTo);
  return { chain, key, names: namesOf(leaf), notBefore, notAfter, certificates };
}

function parseBlock(block: string, index: number): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw new CertificateError(`certificate ${index + 1} of the file is broken: ${(error as Error).message}`);
  }
}

function parseKey(key: string): KeyObject {
  if (!key.includes('PRIVATE KEY-----'))
    throw new CertificateError('the key file holds no private key (PEM)');
  if (key.includes('ENCRYPTED')) {
    throw new CertificateError(
      'the key is encrypted; a tracker that starts by itself needs it without a password',
    );
  }
  try {
    return createPrivateKey(key);
  } catch (error) {
    throw new CertificateError(`the key is broken: ${(error as Error).message}`);
  }
}

/** The names in the certificate's extension; Node quotes what a certificate could use to imitate another name. */
function namesOf(leaf: X509Certificate): string[] {
  const names = (leaf.subjectAltName ?? '').matchAll(/(?:^|, )(?:DNS|IP Address):([^",\s]+)/g);
  return Array.from(names, (match) => match[1]);
}

/** What `checkCertificate` looks at besides the certificate. */
export interface CertificateUse {
  /** Host names and addresses, without ports, that clients will connect to. */
  readonly hosts: readonly string[];
  readonly now: Date;
  /** It is looked at again every day, or renewed here: one issued for a few days is told of in its last fifth only. */
  readonly daily?: boolean;
}

/** What clients would refuse, or soon will: one line each. HTTPS is served all the same. */
export function checkCertificate(certificate: Certificate, { hosts, now, daily }: CertificateUse): string[] {
  return [
    ...checkDates(certificate, now, daily),
    ...checkChain(certificate),
    ...checkNames(certificate, hosts),
  ];
}

function checkDates({ notBefore, notAfter }: Certificate, now: Date, daily = false): string[] {
  const left = notAfter.getTime() - now.getTime();
  if (left <= 0) return [`the certificate expired on ${formatDate(notAfter)}: clients refuse it; renew it`];
  if (now < notBefore) {
    const from = formatDate(notBefore);
    return [
      `the certificate is valid from ${from} only: clients refuse it, or this machine's clock is wrong`,
    ];
  }
  // A line on every day of a six-day certificate's life would be one that nobody reads any more.
  const lifetime = notAfter.getTime() - notBefore.getTime();
  if (left > (daily ? Math.min(14 * dayMs, lifetime / 5) : 14 * dayMs)) return [];
  return [`the certificate expires on ${formatDate(notAfter)}: see to its renewal`];
}

function checkChain({ certificates }: Certificate): string[] {
  const leaf = certificates[0];
  if (leaf.checkIssued(leaf)) {
    return ['the certificate is self-signed: only clients that were told to trust it accept it'];
  }
  if (certificates.length === 1) {
    return [
      'the certificate file holds the leaf only: strict clients such as qBittorrent refuse it; ' +
        'use the full chain (acme.sh --fullchain-file, certbot fullchain.pem)',
    ];
  }
  const broken = certificates.findIndex((issuer, i) => i > 0 && !certificates[i - 1].checkIssued(issuer));
  if (broken < 0) return [];
  return [
    `certificate ${broken + 1} of the file did not issue certificate ${broken}: strict clients refuse such a chain`,
  ];
}

function checkNames({ certificates, names }: Certificate, hosts: readonly string[]): string[] {
  const leaf = certificates[0];
  const missing = hosts.filter(
    (host) => (isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host)) === undefined,
  );
  return missing.map(
    (host) => `the certificate is not for ${host}, but for ${names.join(', ') || 'no name at all'}`,
  );
}

/** `2027-02-01 12:00 UTC`. */
export function formatDate(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
