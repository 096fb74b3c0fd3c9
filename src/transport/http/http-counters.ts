// Knows what the HTTP transport counts.
import { nameCounters } from '../named-counters.ts';

/** One set; only one thread counts in it. */
export const HttpCounters = nameCounters([
  // Requests by kind; refused ones count in their kind too.
  'announces',
  'scrapes',
  'fullScrapes',
  'pages',
  /** Answered 404. */
  'notFound',
  /** Answered 4xx otherwise: malformed, too large, with a body, another method. */
  'badRequests',
  /** Requests that did not arrive in time. */
  'timeouts',
  /** Answers sent with gzip. */
  'compressed',
  'exceptions',
  /** Answered with few peers, because the peer came back too early. */
  'earlyAnnounces',
  /** Answered that they come too often. */
  'rateLimited',
  /** As they come; over node:http at each request and at the end of its connection, with TLS the ciphertext. */
  'bytesIn',
  'bytesOut',
  'connectionsOpen',
  'connectionsOpened',
  /** Reset because there are too many, in all or from one address. */
  'connectionsRefused',
  /** Reset because their address sends too many requests. */
  'connectionsRateLimited',
  /** Ended to make room, having asked nothing for longer than all others. */
  'connectionsShed',
  /** Connections from trusted proxies that began with no readable PROXY header. */
  'proxyHeadersMissing',
  /** TLS handshakes that did not come to an end: broken off, too slow, in plain text, pushed out. */
  'handshakesFailed',
  'handshakesDone',
]);
export type HttpCounters = InstanceType<typeof HttpCounters>;
