// What a transport says of itself, once, for everybody who lists, counts, opens or shows transports. Knows no sockets.
import type { FailureKind } from '../protocol/failure.ts';
import type { TransportCounts } from './transport-counts.ts';

export interface TransportDescription {
  /** In figures, in the names of sockets, URLs and its option. */
  readonly name: string;
  /** In the log and on the dashboard. */
  readonly title: string;
  /** Why it turns away what never becomes a request, each with its title: beside `requestRefusals`. */
  readonly refusals: Readonly<Record<string, string>>;
  /** Counters for Prometheus that only this transport has. */
  readonly metrics: readonly TransportMetric[];
}

/** One with sockets of its own; others go on with connections that those have accepted. */
export interface ListeningDescription extends TransportDescription, SocketDescription {
  readonly port: ListenPort;
  /**
   * The module in its folder that opens its sockets (an `OpenerModule`), loaded when they are wanted: whoever only lists
   * transports loads none. One without it shares threads and connections with others (server/listening/openers.ts).
   */
  readonly opener?: URL;
}

/** What listens, in the words of plan and log. */
export interface SocketDescription {
  readonly title: string;
  readonly socket: 'datagram' | 'stream';
  /** Of its announce URLs; without it there are none to show. */
  readonly scheme?: string;
  /** Of the URLs by which clients of WebTorrent find it, where it takes WebSockets. */
  readonly webSocketScheme?: string;
  /**
   * The log's line about a socket that has been opened.
   * @param where `0.0.0.0:6969` or `[::]:6969`
   * @param redirectTo where --redirect-http sends clients of plain HTTP; undefined without it
   */
  listening(where: string, redirectTo: string | undefined): string;
}

/** What its option `--<name>-port` says. */
export interface ListenPort {
  /** Where it listens unless told otherwise; undefined: nowhere. */
  readonly default: number | undefined;
  /** Other options without which it cannot listen, in the words of the help. */
  readonly needs?: string;
  /** For the example file, where there is no default. */
  readonly example?: number;
}

export interface TransportMetric {
  readonly name: string;
  readonly help: string;
  /** On the dashboard, where it is shown once it is not 0; without one it is not shown there. */
  readonly title?: string;
  read(counts: TransportCounts): number;
}

/** Why any transport refuses a request, each with its title. */
export const requestRefusals = {
  malformed: 'Malformed request',
  bad_connection_id: 'Wrong or old connection_id',
  rate_limited: 'Too many requests from one address',
  not_allowed: 'Not allowed',
  memory_full: 'Memory full',
  other: 'Other reasons',
} as const satisfies Record<FailureKind, string>;
