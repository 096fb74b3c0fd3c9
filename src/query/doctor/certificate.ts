// Checks the certificate of an HTTPS tracker as a strict client would: trust, names, chain and the days it has left.

import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { formatCount } from '../../cli/format-count.ts';
import { checkCertificateName } from '../network/certificate-name.ts';
import { reasonOf } from '../network/tcp-connect.ts';
import type { Examination } from './examination.ts';

const day = 86_400_000;

export interface CertificateFacts {
  authorised: boolean;
  /** OpenSSL's name of what is wrong, when it is not authorised. */
  error: string;
  certificate: DetailedPeerCertificate;
  protocol: string;
}

/** What a connection shows of its certificate; must be called while it stands. */
export function factsOf(socket: TLSSocket): CertificateFacts {
  return {
    authorised: socket.authorized,
    error: String(socket.authorizationError ?? ''),
    certificate: socket.getPeerCertificate(true),
    protocol: socket.getProtocol() ?? '',
  };
}

const trustAdvice: Record<string, string> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'send the full chain: configure fullchain.pem, not only the certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'use a certificate of a public authority, such as Let’s Encrypt: clients refuse this one',
  CERT_HAS_EXPIRED: 'renew the intermediate certificate: send the chain that came with the certificate',
};

export function judgeCertificate(examination: Examination, subject: string, facts: CertificateFacts): void {
  const { certificate, authorised, error } = facts;
  const nameError = checkCertificateName(examination.url.host, certificate);
  const chain = chainOf(certificate);
  const nameless = error === 'ERR_TLS_CERT_ALTNAME_INVALID';
  if (authorised || nameless) {
    const issuers = chain
      .slice(1)
      .map((issuer) => nameOf(issuer))
      .join(' ← ');
    examination.pass(
      'tls-chain',
      subject,
      `trusted over ${facts.protocol}, chain of ${chain.length}: ${nameOf(certificate)} ← ${issuers}`,
    );
  } else if (isOwnTime(error, certificate)) {
    // One cause, told below.
    examination.skip('tls-chain', subject, 'not judged while the certificate is not valid');
  } else {
    const advice =
      trustAdvice[error] ?? 'install a certificate that clients trust, with its intermediate ones';
    const reason =
      error === 'CERT_HAS_EXPIRED' ? 'an intermediate certificate has expired' : reasonOf({ code: error });
    const seen = `not trusted: ${reason} (chain of ${chain.length})`;
    if (examination.options.insecure) examination.skip('tls-chain', subject, `${seen}; not judged (-k)`);
    else examination.fail('tls-chain', subject, seen, advice);
  }
  const names = (certificate.subjectaltname ?? '').replace(/(DNS|IP Address):/g, '').slice(0, 200);
  if (nameError === undefined)
    examination.pass('tls-name', subject, `the certificate is for this name (${names})`);
  else {
    const advice = `request a certificate that holds ${examination.url.host}`;
    const seen = `the certificate is for other names: ${names || nameOf(certificate)}`;
    if (examination.options.insecure) examination.skip('tls-name', subject, `${seen}; not judged (-k)`);
    else examination.fail('tls-name', subject, seen, advice);
  }
  judgeDays(examination, subject, certificate);
}

function judgeDays(examination: Examination, subject: string, certificate: DetailedPeerCertificate): void {
  const leftMs = leftOf(certificate);
  const left = Math.floor(leftMs / day);
  if (beginsIn(certificate) > 0) {
    examination.fail(
      'tls-days',
      subject,
      `the certificate begins only on ${certificate.valid_from}`,
      'check the clocks of the server and of this machine',
    );
  } else if (leftMs < 0) {
    const seen = `the certificate expired ${formatSpan(-leftMs)} ago, on ${certificate.valid_to}`;
    examination.fail(
      'tls-days',
      subject,
      seen,
      'renew it now, and see to it that the tracker reads the new one',
    );
  } else if (left < 14) {
    examination.warn(
      'tls-days',
      subject,
      `the certificate ends in ${formatSpan(leftMs)}`,
      'check that the renewal works',
    );
  } else
    examination.pass('tls-days', subject, `the certificate is good for ${formatCount(left, 'day')} more`);
}

/** Whether a certificate is not trusted because of its own dates alone, not those of its chain. */
function isOwnTime(error: string, certificate: DetailedPeerCertificate): boolean {
  if (error === 'CERT_NOT_YET_VALID') return beginsIn(certificate) > 0;
  return error === 'CERT_HAS_EXPIRED' && leftOf(certificate) < 0;
}

/** Milliseconds. */
function beginsIn({ valid_from }: DetailedPeerCertificate): number {
  return Date.parse(valid_from) - Date.now();
}

/** Milliseconds. */
function leftOf({ valid_to }: DetailedPeerCertificate): number {
  return Date.parse(valid_to) - Date.now();
}

/** `3 days`, or `5 hours` where that says more. Whole ones that have passed. */
function formatSpan(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  return hours < 48 ? formatCount(hours, 'hour') : formatCount(Math.floor(ms / day), 'day');
}

/** From the server's own certificate up; a root is its own issuer. */
function chainOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  const seen = new Set<string>();
  for (let next = certificate; next && !seen.has(next.fingerprint256); next = next.issuerCertificate) {
    seen.add(next.fingerprint256);
    chain.push(next);
    if (chain.length === 10) break;
  }
  return chain;
}

function nameOf({ subject }: DetailedPeerCertificate): string {
  const name = subject?.CN ?? subject?.O ?? '(no name)';
  return (Array.isArray(name) ? name.join(' ') : name).slice(0, 80);
}
