// What createTracker returns: a tracker as the program that it is a part of sees it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LogLine } from './tracker-options.ts';

/** An info_hash: 40 hexadecimal digits, or 20 bytes. */
export type InfoHash = string | Uint8Array;

/** Where a tracker listens. */
export interface TrackerAddress {
  /** What is spoken there: `UDP`, `HTTP`, `HTTPS`, or `ACME`, HTTP for a certificate authority's questions only. */
  readonly protocol: string;
  /** Of IP: 4 or 6. */
  readonly family: 4 | 6;
  /** The address that is bound; `0.0.0.0` and `::` stand for all. */
  readonly address: string;
  /** 1 to 65535, also where the system chose it. */
  readonly port: number;
}

/** An announce that a program makes by itself, for a peer of its own or of another door. */
export interface AnnounceQuestion {
  /** The torrent. */
  infoHash: InfoHash;
  /** 20 bytes, or as many characters of latin1. */
  peerId: string | Uint8Array;
  /** The peer's IPv4 or IPv6 address. */
  ip: string;
  /** Where it can be reached, 1 to 65535. */
  port: number;
  /** Why it announces. Default `none`. */
  event?: 'none' | 'started' | 'completed' | 'stopped' | 'paused';
  /** Bytes that it lacks; 0 is a seeder. Default: unknown, a leecher. */
  left?: number;
  /** Peers wanted, 0 to `maxPeers`. Default `maxPeers`. */
  numwant?: number;
}

/** A peer as others are told of it. */
export interface Peer {
  /** IPv4 or IPv6, as text. */
  readonly ip: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** What an announce was answered. */
export interface AnnounceAnswer {
  /** Seconds until the peer should announce again. */
  readonly interval: number;
  /** Seconds that it should wait at least. */
  readonly minInterval: number;
  /** Seeders of the swarm, the peer among them if it is one. */
  readonly complete: number;
  /** Leechers, likewise. */
  readonly incomplete: number;
  /** How often it was downloaded whole, since the tracker knows it. */
  readonly downloaded: number;
  /** Others of the swarm, of the peer's own address family. */
  readonly peers: readonly (Peer & {
    /** 20 bytes. */
    readonly peerId: Uint8Array;
  })[];
}

/** The counts of one torrent. */
export interface ScrapedTorrent {
  /** 40 hexadecimal digits in lower case. */
  readonly infoHash: string;
  /** Seeders. */
  readonly complete: number;
  /** Leechers. */
  readonly incomplete: number;
  /** How often it was downloaded whole. */
  readonly downloaded: number;
}

/** A swarm and who is in it. */
export interface Swarm extends ScrapedTorrent {
  /**
   * Of each address family the first few hundred seeders and leechers, in no order. WebTorrent peers, which nobody can
   * reach at an address, are in the counts only.
   */
  readonly peers: readonly (Peer & {
    /** It has everything. */
    readonly seeder: boolean;
  })[];
}

/** What one transport has counted since the tracker listens. */
export interface TransportStats {
  /** Announces that were answered. */
  readonly announces: number;
  /** Scrapes that were asked for. */
  readonly scrapes: number;
  /** Requests that were refused or dropped, by reason, such as `malformed`, `rate_limited` and `not_allowed`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Bytes received. */
  readonly bytesIn: number;
  /** Bytes sent. */
  readonly bytesOut: number;
  /** Connections that are open now; 0 for UDP. */
  readonly connections: number;
}

/** What a tracker holds and has done. */
export interface TrackerStats {
  /** Torrents with peers; one with peers of both kinds counts as two. */
  readonly torrents: number;
  /** Peers in all. */
  readonly peers: number;
  /** Those that have everything. */
  readonly seeders: number;
  /** Those that do not. */
  readonly leechers: number;
  /** Of all peers, those of WebTorrent. */
  readonly webrtcPeers: number;
  /** Bytes of `memoryLimit` in use. */
  readonly memoryInUse: number;
  /** `memoryLimit` in bytes. */
  readonly memoryLimit: number;
  /** What each transport has counted: `udp`, `http` (with `handleHttp`), `https` and `webtorrent`, those in use. */
  readonly transports: Readonly<Record<string, TransportStats>>;
}

/** An announce that was answered. */
export interface AnnounceEvent {
  /** 40 hexadecimal digits in lower case. */
  readonly infoHash: string;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The peer's address. */
  readonly ip: string;
  /** Where it can be reached; 0 over WebTorrent. */
  readonly port: number;
  /** It has everything. */
  readonly seeder: boolean;
  /** It is a WebTorrent peer. */
  readonly webrtc: boolean;
}

/**
 * The events of a tracker, each with what its listeners are given. `start`, `complete`, `update`, `pause` and `stop` are
 * raised for announces that this thread has answered: all of them with `workers: 0`, and otherwise only those of
 * `announce`, `handleHttp`, `handleUpgrade` and listeners without threads. Each is named by what the client says, whatever was
 * known of the peer before. A listener that throws causes a `warning`.
 */
export interface TrackerEvents {
  /** It listens. */
  listening: [addresses: readonly TrackerAddress[]];
  /** Something is amiss that does not keep the tracker from working: a warning or error of its log. */
  warning: [line: LogLine];
  /** Everything is closed. */
  close: [];
  /** A peer begins, for the first time or anew (`event=started`). */
  start: [announce: AnnounceEvent];
  /** A peer has ended its download (`event=completed`). */
  complete: [announce: AnnounceEvent];
  /** A peer says no event: as a rule it is still there, but it may also be the first announce of one that says none. */
  update: [announce: AnnounceEvent];
  /** A peer has all that it wants, but not everything (`event=paused`, BEP 21). */
  pause: [announce: AnnounceEvent];
  /** A peer has left: it said so, or its WebSocket has ended. Peers that fall silent are forgotten without an event. */
  stop: [announce: AnnounceEvent];
}

/** How a request of another server is taken. */
export interface HandleOptions {
  /** The client's address, where the program knows it better than the connection and `trustedProxy`; such as Express's `req.ip`. */
  ip?: string;
}

/** A tracker within a program. Nothing of it is global: several may be in one process. */
export interface Tracker {
  /**
   * Opens every listener, or none; resolves to where they are. It must have resolved before anything else is asked of the
   * tracker, also when that listens nowhere. Rejects with an Error that names the address and why (`cause` is the system's
   * error) when it cannot; it may be called again then.
   */
  listen(): Promise<readonly TrackerAddress[]>;
  /**
   * Stops accepting, lets what is in flight finish (3 s at most), saves to `dataDir` and ends every thread, timer and socket of its own.
   * Resolves when nothing is left; may be called at any time and as often as one likes. Connections of other servers are
   * left to those, except WebSockets that `handleUpgrade` has taken.
   */
  close(): Promise<void>;
  /** Where it listens; empty before `listen` and after `close`. */
  readonly addresses: readonly TrackerAddress[];
  /** A URL to announce to for each listener, WebTorrent's too; by loopback where it listens on all addresses. */
  readonly announceUrls: readonly string[];

  /**
   * Announces as a client would, without a socket; `filter` and the lists hold, rate limits do not. Rejects with a `Failure`, whose message
   * is the reason, when it is refused, and with a TypeError when the question is wrong.
   */
  announce(question: AnnounceQuestion): Promise<AnnounceAnswer>;
  /** The counts of torrents, in their order; zeros for unknown ones. Throws a TypeError when it is no array or an info_hash is wrong. */
  scrape(infoHashes: readonly InfoHash[]): ScrapedTorrent[];
  /** A swarm with its peers; undefined when nobody is in it. Throws a TypeError on a wrong info_hash. */
  swarm(infoHash: InfoHash): Swarm | undefined;
  /** What it holds and has done. */
  stats(): TrackerStats;

  /**
   * Answers a request that has come to a server of the program's own, over HTTP/1.1: as middleware, or in a route. Returns false,
   * and does nothing, when the path ends neither in `/announce` nor in `/scrape`; `action` says which it is where the
   * path does not. Before `listen` and after `close` it answers 503. Throws a TypeError when `ip` is no address.
   */
  handleHttp(
    request: IncomingMessage,
    response: ServerResponse,
    options?: HandleOptions & {
      /** What is asked, whatever the path. */
      action?: 'announce' | 'scrape';
    },
  ): boolean;
  /**
   * Takes over a request for a WebSocket, with its connection, from the `upgrade` event of a server of the program's own, whatever
   * its path. Returns false, and does nothing, when it asks for something else or `webtorrent` is `false`. Throws a
   * TypeError when `ip` is no address.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, options?: HandleOptions): boolean;

  /** Calls `listener` at every such event from now on. Throws a TypeError when there is no such event. */
  on<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this;
  /** Calls `listener` at the next such event. Throws a TypeError when there is no such event. */
  once<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this;
  /** Calls `listener` no more. */
  off<E extends keyof TrackerEvents>(event: E, listener: (...given: TrackerEvents[E]) => void): this;
  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
