// What HTTP and HTTPS say of themselves as transports.
import type { ListeningDescription, SocketDescription } from '../description.ts';

const refusals = {
  too_many_connections: 'Too many connections',
  connection_rate_limited: 'Connection of an address over its limit',
  handshake_failed: 'TLS handshake failed',
  proxy_header_missing: 'Proxy without its PROXY header',
  timeout: 'Request came too slowly',
} as const;

export const http = {
  name: 'http',
  title: 'HTTP',
  socket: 'stream',
  port: { default: 6969 },
  scheme: 'http',
  webSocketScheme: 'ws',
  listening: (where, redirectTo) =>
    redirectTo === undefined
      ? `HTTP tracker listening on ${where}/announce`
      : `HTTP redirect to ${redirectTo} listening on ${where}`,
  refusals,
  metrics: [],
} as const satisfies ListeningDescription;

export const https = {
  name: 'https',
  title: 'HTTPS',
  socket: 'stream',
  port: { default: undefined, needs: '--cert and --key, or --acme-domain', example: 8443 },
  scheme: 'https',
  webSocketScheme: 'wss',
  listening: (where) => `HTTPS tracker listening on ${where}/announce`,
  refusals,
  metrics: [
    {
      name: 'tracker_tls_handshakes_total',
      help: 'TLS handshakes completed; failed ones are refusals.',
      read: ({ own }) => own.handshakes ?? 0,
    },
  ],
} as const satisfies ListeningDescription;

/** Plain HTTP for an authority's questions only: no transport, as no tracker answers there. */
export const acme = {
  title: 'ACME',
  socket: 'stream',
  listening: (where) => `ACME challenges are answered on ${where}`,
} as const satisfies SocketDescription;
