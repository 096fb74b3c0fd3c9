// What createTracker takes: the options of tracker-server under their names in code, and what only a program can give.
import type { ListeningTransport } from '../transport/transports.ts';
import type { AnnounceFilter } from './announce-filter.ts';

/**
 * A port to listen on: 1 to 65535, or 0 or `true` for one that the system chooses (`tracker.addresses` says which).
 * `false` does not listen. Several ports are listened on each.
 */
export type ListenPort = number | boolean | readonly number[];

/** A port for each transport that listens, under the transport's name: those below, and any other of the list. */
export type TransportPorts = { [T in ListeningTransport as T['name']]?: ListenPort };

/**
 * Options of {@link createTracker}. All may be left out; the names are those of tracker-server's flags in camelCase, and so
 * are values and defaults, except where it is said. Times are whole seconds, sizes bytes or text such as `'64MiB'`.
 */
export interface TrackerOptions extends TransportPorts {
  /** Port for UDP (BEP 15). Default `true`: a free one. */
  udp?: ListenPort;
  /** Port for HTTP, and for WebTorrent over `ws:`. Default `true`: a free one. */
  http?: ListenPort;
  /** Port for HTTPS, and for WebTorrent over `wss:`; needs `cert` and `key`, or `acmeDomain`. Default `false`. */
  https?: ListenPort;
  /** Whether WebTorrent is served on the HTTP and HTTPS ports and by `handleUpgrade`. Default `true`. */
  webtorrent?: boolean;
  /** Address that every listener binds, IPv4 or IPv6, or several. Default: all of the machine's IPv4 addresses. */
  host?: string | readonly string[];
  /** Whether to listen on `::` as well, for IPv6 only. Default `false`. */
  ipv6?: boolean;
  /** Network interfaces whose UDP is taken past the kernel (AF_XDP); Linux with rights, and `workers`. Default none. */
  xdp?: readonly string[];
  /** With `xdp`: do not drop early what no client sends. Default `false`. */
  noXdpShield?: boolean;
  /** Whether HTTP connections that are kept are carried through io_uring; Linux 6.1, and `workers`. Default `false`. */
  ioUring?: boolean;

  /** Path of the certificate with its chain, PEM; followed when it changes. */
  cert?: string;
  /** Path of the certificate's private key, PEM. */
  key?: string;
  /** Answer HTTP with redirects to HTTPS. Default `false`. */
  redirectHttp?: boolean;
  /** Public name for redirects, `host` or `host:port`. */
  domain?: string;
  /** Host names to obtain a certificate for from an ACME authority; needs `https` and `dataDir`. Default none. */
  acmeDomain?: readonly string[];
  /** Where that authority may write to. */
  acmeEmail?: string;
  /** URL of the authority's directory. Default: Let's Encrypt's. */
  acmeDirectory?: string;
  /** Port on which the authority asks. Default 80. */
  acmeHttpPort?: number;

  /** Seconds until a peer should announce again, 1 to 604,800. Default 1800. */
  interval?: number;
  /** Seconds that a peer is asked to wait at least, 0 to 604,800. Default 60, or `interval` if that is shorter. */
  minInterval?: number;
  /** Seconds without an announce until a peer is forgotten, 1 to 1,814,400. Default 3600. */
  peerTtl?: number;
  /** Peers an announce: the most, and what a client gets that does not say. 1 to 2000, default 200. */
  maxPeers?: number;
  /** info_hashes a scrape, 1 to 100; further ones are left out. Default 5. */
  maxScrapeHashes?: number;
  /** Whether an HTTP or WebTorrent scrape without info_hash shows all torrents. Default `false`. */
  fullScrape?: boolean;
  /** `tracker id` of HTTP and WebTorrent replies, 100 characters at most; `''` leaves it out. */
  trackerId?: string;
  /** Do not fill up replies to IPv6 clients over HTTP with IPv4 peers. Default `false`. */
  noIpv4Mapped?: boolean;
  /** Origins of web pages that may use WebTorrent, such as `https://example.org`. Default: all. */
  wsOrigin?: readonly string[];
  /** Origins of web pages that may not; `none` stands for clients that name none. Default none. */
  denyWsOrigin?: readonly string[];

  /** Networks of proxies whose X-Forwarded-For is believed, such as `10.0.0.0/8`. Default none. */
  trustedProxy?: readonly string[];
  /** Expect the PROXY protocol from those proxies, on listeners of the tracker's own. Default `false`. */
  proxyProtocol?: boolean;

  /** Path of a file of info_hashes: no other torrent may be announced. */
  allowList?: string;
  /** Path of a file of info_hashes that may not be announced. */
  denyList?: string;
  /** Beginnings of the peer_ids that may announce. Default: all. */
  allowClient?: readonly string[];
  /** Beginnings of peer_ids that may not. Default none. */
  denyClient?: readonly string[];
  /** Networks whose announces are refused, or paths of files of them. Default none. */
  denyIp?: readonly string[];
  /** Requests a second and at once from one address, such as `'udp=200:2000,http=50:500'` (the default), or `'off'`. */
  rateLimit?: string;
  /** Ports that no peer may announce; `'none'` allows all but 0. Default: those of well-known services. */
  refusedPorts?: readonly number[] | 'none';

  /** The most memory for swarms, 16 MiB to 4 GiB; reserved at once, used as needed. Default 512 MiB. */
  memoryLimit?: number | string;
  /** Directory for what outlives a restart; one tracker a directory. Default: nothing is kept. */
  dataDir?: string;
  /** Seconds between two savings to `dataDir`, 1 to 604,800. Default 60. */
  snapshotInterval?: number;
  /** Threads for UDP and HTTP, 0 to 256; Linux. Default 0, all on this thread (the flag's default is one a core). */
  workers?: number;
  /** Threads for HTTPS, 0 to 256; Linux. Default 0 (the flag's default is one a core). */
  streamWorkers?: number;

  /** URL of the Redis or Valkey server through which trackers tell each other of their swarms. Default: this one alone. */
  cluster?: string;
  /** What this node is called, 1 to 100 letters, digits, dots and dashes; unlike any other. Default: the machine's name. */
  clusterNode?: string;
  /** Path of a file with the secret by which nodes know each other's news, at least 16 characters. Default: none. */
  clusterSecretFile?: string;

  /** Port for the dashboard, metrics and API, as `udp` but only one. Default `false`. */
  adminPort?: number | boolean;
  /** Address that it binds. Default `127.0.0.1`. */
  adminHost?: string;
  /** Host names by which the dashboard may be called. */
  adminAllowedHost?: readonly string[];
  /** Path of a file with the token for it. */
  adminTokenFile?: string;
  /** Path of a UNIX socket for `caracal status` and the other commands. Default: `admin.sock` in `dataDir`. */
  adminSocket?: string;

  /** Tell `log` of every request. Default `false`. */
  verbose?: boolean;
  /** How much of an IP address `log` and the dashboard show: `'full'`, `'truncated'` (the default) or `'off'`. */
  logIp?: 'full' | 'truncated' | 'off';
  /** Is given every line of the tracker's log. Without it only warnings are told, as events; nothing is ever printed. */
  log?: (line: LogLine) => void;

  /** Decides about every announce; see {@link AnnounceFilter}. Default: all may announce that the lists let. */
  filter?: AnnounceFilter;
  /**
   * Seconds, 0 to 86,400, for which a decision of `filter` holds for everybody who announces that torrent. 0 asks for each
   * announce, which only this thread can do. Default 0, or 60 with `workers` or `streamWorkers`.
   */
  filterTtl?: number;
}

/** A line of the tracker's log. */
export interface LogLine {
  /** How serious it is. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** What happened, in words. Options are named as they are here. */
  readonly message: string;
  /** What it happened to, and why; strings are escaped. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}
