// Whether a certificate is for the host that was asked for, a name or an address.
//
// Node 22.23 finds no IPv6 address in a certificate and refuses every tracker at https://[…]; OpenSSL does.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** What is wrong with the certificate's names, as Node says it; undefined when it is for `host`. */
export function checkCertificateName(host: string, certificate: PeerCertificate): Error | undefined {
  const error = checkServerIdentity(host, certificate);
  if (error === undefined || isIP(host) !== 6) return error;
  // Node 22.23 finds no IPv6 address in a certificate; OpenSSL does.
  return new X509Certificate(certificate.raw).checkIP(host) === undefined ? error : undefined;
}
