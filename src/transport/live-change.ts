// What a reload changes in a thread that answers, without a connection or a packet lost: plain data.
import type { AccessMemory } from '../tracker/access.ts';
import type { RateMemory } from '../tracker/protection.ts';
import type { TrackerSettings } from '../tracker/tracker.ts';

/** How clients are told where the tracker is. */
export interface PublicNames {
  /** --domain without a port, and the scheme and port of each listener. */
  announceUrls: {
    readonly domain: string;
    readonly doors: readonly (readonly [scheme: string, port: number])[];
  };
  /** `https://host[:port]` with --redirect-http. */
  redirectTo: string | undefined;
}

export interface RequestLog {
  /** Whether there is a line for each request. */
  verbose: boolean;
  /** How much of an address it shows. */
  logIp: 'full' | 'truncated' | 'off';
}

/** What is missing stays as it is. */
export interface LiveChange {
  access?: AccessMemory;
  settings?: TrackerSettings;
  rates?: RateMemory;
  names?: PublicNames;
  /** Of web pages that may use WebTorrent, and that may not. */
  origins?: { readonly allowed: readonly string[]; readonly denied: readonly string[] };
  requestLog?: RequestLog;
}
