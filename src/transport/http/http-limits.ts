// Knows how much time and room the HTTP transport gives its clients.
import { longestValue } from '../../protocol/http-announce.ts';

/** Times are milliseconds, sizes bytes. */
export interface HttpLimits {
  /** Request line and header fields together. */
  readonly headBytes: number;
  readonly headMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often the times above are looked at, so by how much they may be exceeded. */
  readonly checkEveryMs: number;
  /** A connection on which nothing moves for so long, in either direction, ends. */
  readonly stallMs: number;
  /** How long a refused client may go on sending before its connection is cut off. */
  readonly lingerMs: number;
}

/** Connections that the kernel completes before they are accepted, for each socket. */
export const backlog = 4096;

export const defaultHttpLimits: HttpLimits = {
  headBytes: 8192,
  headMs: 5000,
  requestMs: 8000,
  keepAliveMs: 5000,
  checkEveryMs: 1000,
  stallMs: 5000,
  lingerMs: 500,
};
if (defaultHttpLimits.headBytes > longestValue)
  throw new RangeError('a value may be longer than the room in which it is read');
