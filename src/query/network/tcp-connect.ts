// Knows how to reach the first of several addresses that answers (RFC 8305), and how to put TLS on the connection.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { checkCertificateName } from './certificate-name.ts';
import type { Deadline } from './deadline.ts';
import { codeOf, TrackerError } from './tracker-error.ts';

// The next address gets its turn this long after the one before it, which may still win.
const staggerMs = 300;

export interface Connected<T> {
  socket: T;
  address: string;
  /** From the first attempt to the connection. */
  ms: number;
}

/** A TCP connection to one of `addresses`; the others are given up. Throws a TrackerError naming the last reason. */
export async function connectFirst(
  addresses: readonly string[],
  port: number,
  deadline: Deadline,
): Promise<Connected<Socket>> {
  const startedMs = performance.now();
  const open = new Set<Socket>();
  const attempt = (address: string) =>
    new Promise<Connected<Socket>>((resolve, reject) => {
      const socket = connectTcp({ host: address, port, noDelay: true });
      open.add(socket);
      socket.once('connect', () => {
        open.delete(socket);
        resolve({ socket, address, ms: performance.now() - startedMs });
      });
      socket.once('error', (error) => {
        open.delete(socket);
        reject(new TrackerError(`${formatEndpoint(address, port)}: ${reasonOf(error)}`, { cause: error }));
      });
    });
  const abandon = () => {
    for (const socket of open) socket.destroy();
  };
  try {
    const shown = addresses
      .map((address) => formatEndpoint(address, port))
      .slice(0, 3)
      .join(', ');
    const seen = `no word from ${shown}, not even a refusal`;
    const connected = staggered(addresses, attempt, staggerMs, late);
    return await deadline.race(connected, abandon, { trouble: 'connect-silent', seen });
  } finally {
    abandon();
  }
}

function late(connected: Connected<Socket>): void {
  connected.socket.destroy();
}

/**
 * Starts `attempt` for each item, `ms` apart or as soon as the one before failed; resolves with the first success and
 * gives later ones to `discard`. When all fail it rejects with the first reason that is the other side's, if there is one.
 */
export function staggered<T, R>(
  items: readonly T[],
  attempt: (item: T) => Promise<R>,
  ms: number,
  discard: (result: R) => void,
): Promise<R> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let failed = 0;
    let done = false;
    const failures: unknown[] = [];
    let timer: NodeJS.Timeout | undefined;
    const start = () => {
      clearTimeout(timer);
      if (done || next >= items.length) return;
      const position = next++;
      attempt(items[position]).then(
        (result) => {
          if (done) return discard(result);
          done = true;
          clearTimeout(timer);
          resolve(result);
        },
        (reason: unknown) => {
          failures[position] = reason;
          if (++failed < items.length) return start();
          clearTimeout(timer);
          if (!done) reject(failures.find((failure) => !isOwnLack(failure)) ?? failures[0]);
        },
      );
      if (next < items.length) timer = setTimeout(start, ms);
    };
    start();
  });
}

const ownLacks = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Whether an address could not even be tried: this machine has no address or no route of its family. */
export function isOwnLack(error: unknown): boolean {
  return ownLacks.has(codeOf(error));
}

export interface TlsOptions {
  /** The name to ask for and to verify; a literal is verified but not sent (RFC 6066). */
  host: string;
  insecure: boolean;
}

/** Puts TLS 1.2 or later on a connection. Throws a TrackerError that says what is wrong with the certificate. */
export async function startTls(socket: Socket, options: TlsOptions, deadline: Deadline): Promise<TLSSocket> {
  const secured = new Promise<TLSSocket>((resolve, reject) => {
    const tls = connectTls({
      socket,
      host: options.host,
      ...(isIP(options.host) ? {} : { servername: options.host }),
      checkServerIdentity: checkCertificateName,
      rejectUnauthorized: !options.insecure,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    tls.once('secureConnect', () => resolve(tls));
    tls.once('error', (error) => reject(tlsError(error)));
    tls.once('close', () =>
      reject(new TrackerError('TLS: the connection was closed during the handshake', { trouble: 'closed' })),
    );
  });
  const seen = 'the connection stands, but the TLS handshake does not end';
  return await deadline.race(secured, () => socket.destroy(), { trouble: 'tls-silent', seen });
}

function tlsError(error: NodeJS.ErrnoException): TrackerError {
  const trouble = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(error.code ?? '')
    ? 'not-tls'
    : undefined;
  return new TrackerError(`TLS: ${reasonOf(error)}`, { trouble, cause: error });
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused (nothing listens there)',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable (no route for this address family here)',
  EADDRNOTAVAIL: 'no address of this family here',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'connection closed',
  EACCES: 'not permitted',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the chain ends in a certificate that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the chain is incomplete: the server sends its own certificate without the intermediate one',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of the certificate is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  EPROTO: 'handshake failed (does the port speak TLS?)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'the port does not speak TLS',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the server speaks no TLS 1.2 or later',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the server speaks no TLS 1.2 or later',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the server and we have no cipher in common, or it knows no such name',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the server has no certificate for this name',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate is revoked',
  CERT_UNTRUSTED: 'the certificate is not trusted here',
  CERT_CHAIN_TOO_LONG: 'the chain is too long',
  INVALID_CA: 'a certificate of the chain may not issue others',
  INVALID_PURPOSE: 'the certificate is not for servers',
  CERT_SIGNATURE_FAILURE: 'a signature of the chain is wrong',
  UNABLE_TO_GET_ISSUER_CERT: 'the chain is incomplete: an issuer is missing',
  ENOTFOUND: 'no such name',
};

/** A socket error in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : reasons[code];
  return known ?? (message || code || 'failed');
}

export function formatEndpoint(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
