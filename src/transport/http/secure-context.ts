// Knows how this tracker speaks TLS.
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { ticketSeconds } from './session-tickets.ts';

/** What HTTPS shows and proves itself with, both PEM. */
export interface TlsCertificate {
  /** The leaf first, then what signed it. */
  readonly chain: string;
  readonly key: string;
}

/** Without a certificate every handshake fails, at once and cleanly. */
export function secureContextOptions(certificate: TlsCertificate | undefined): SecureContextOptions {
  return {
    ...(certificate && { cert: certificate.chain, key: certificate.key }),
    minVersion: 'TLSv1.2',
    // The same in every thread and process: under another one a session is not resumed.
    sessionIdContext: 'caracal',
    sessionTimeout: ticketSeconds,
    // A client that renegotiates makes the server calculate again and again (TLS 1.2).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  };
}
