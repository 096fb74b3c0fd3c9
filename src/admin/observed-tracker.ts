// What the admin door needs to know of the tracker and may ask of it; whoever puts the tracker together provides it.

import type { Cidr } from '../protocol/cidr.ts';
import type { TransportCounts } from '../transport/transport-counts.ts';
import type { TransportName } from '../transport/transports.ts';

/** Names of the events in figures, in the order of their numbers in BEP 15. */
export const eventNames = ['none', 'completed', 'started', 'stopped', 'paused'] as const;

/** What the swarm store holds. */
export interface StoreTotals {
  swarms: number;
  leechers4: number;
  seeders4: number;
  leechers6: number;
  seeders6: number;
  /** Of peers that are connections (WebTorrent). */
  connectionSwarms: number;
  connectionLeechers: number;
  connectionSeeders: number;
  bytesInUse: number;
  memoryLimit: number;
  /** Swarms that made room for others since the start. */
  evictedSwarms: number;
}

/** Words of a swarm in a slice: info_hash (5), counts, and how many swarms it stands for. */
export const sliceSwarm = {
  infoHash: 0,
  complete: 5,
  incomplete: 6,
  downloaded: 7,
  standsFor: 8,
  size: 9,
} as const;
/** Words of a peer in a slice: its head, the address (1 or 4 of 4), the peer_id's first 8 bytes. */
export const slicePeer = { head: 0, address: 1, peerId: 5, size: 7 } as const;
/** A peer's head: family | flags | port << 16. */
export const headFamily = 0xff;
export const headSeeder = 0x100;
/** A connection (WebTorrent): port and peer_id are 0, and of an IPv6 address eight bytes are known. */
export const headConnection = 0x200;
export const headPort = 16;

/** A slice of a walk over the store. */
export interface PeerSlice {
  readonly swarms: Int32Array;
  swarmCount: number;
  readonly peers: Int32Array;
  peerCount: number;
  /** Of a swarm that was read alone, peers that are connections (WebTorrent); they are in no other count. */
  connectionSeeders: number;
  connectionLeechers: number;
}

export interface PeerWalk {
  /** Reads on: all large swarms, and a sample in which each peer stands for `every`. True when that ended a round. */
  read(slice: PeerSlice, every: number): boolean;
  /** Reads one swarm and a thousand or so of its peers; false when it has none. */
  readSwarm(infoHash: Int32Array, at: number, slice: PeerSlice): boolean;
}

export interface ObservedListener {
  transport: TransportName;
  family: 4 | 6;
  address: string;
  port: number;
  /** Opened by systemd, perhaps in a network that the tracker itself has no part in. */
  inherited: boolean;
  /** Resolves when the listener has answered an announce of ours; undefined where it cannot be asked. */
  ask: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** What it waits for before it can answer anybody; undefined when it waits for nothing. */
  waitsFor?: () => string | undefined;
}

export interface SnapshotState {
  /** Of the last one that succeeded, milliseconds since 1970; undefined before the first. */
  savedAtMs: number | undefined;
  durationMs: number;
  bytes: number;
  /** Why the last attempt failed. */
  failure: string | undefined;
}

export interface CertificateState {
  name: string;
  /** Milliseconds since 1970. */
  notAfterMs: number;
}

interface DeniedItems {
  /** Of all, also those that are not shown. */
  count: number;
  shown: string[];
}

export interface Denied {
  infoHashes: DeniedItems;
  networks: DeniedItems;
}

/** One option as it is in force; a secret's value is masked by whoever provides it. */
export interface OptionInForce {
  name: string;
  value: string;
  origin: string;
}

/** A warning or an error of the tracker's log; escaped, and an address in it cut as --log-ip says. */
export interface RecentLine {
  /** Milliseconds since 1970. */
  atMs: number;
  level: 'warn' | 'error';
  message: string;
  /** `key=value` each. */
  fields: readonly string[];
}

/** What an operator may ask for; each tells in a sentence what it did, or rejects with the reason why not. */
export interface Actions {
  reload?: () => Promise<string>;
  snapshot?: () => Promise<string>;
  /** 20 bytes as 5 words. */
  deny?: (infoHash: Int32Array) => Promise<string>;
  undeny?: (infoHash: Int32Array) => Promise<string>;
  denyNetwork?: (network: Cidr) => Promise<string>;
  undenyNetwork?: (network: Cidr) => Promise<string>;
  drop?: (infoHash: Int32Array) => Promise<string>;
}

/** One node of a cluster, as it was heard of last. */
export interface ObservedNode {
  readonly node: string;
  readonly isAlive: boolean;
  /** Since it said something of itself. */
  readonly ageMs: number;
  /** Another version may say less. */
  readonly report: {
    readonly version?: string;
    readonly ready?: boolean;
    readonly peers?: number;
    readonly bytesOut?: number;
    readonly bytesIn?: number;
    readonly mended?: number;
    readonly webTorrentPeers?: number;
  };
  /** How long its last message was under way to here. */
  readonly lagMs: number | undefined;
}

/** This tracker as a node of a cluster. Counts are since the start. */
export interface ObservedCluster {
  readonly node: string;
  /** Whether it has what the others have, or nobody could be asked. */
  readonly isReady: boolean;
  /** Whether the engine takes messages; why not. */
  readonly isReached: boolean;
  readonly fault: string | undefined;
  readonly members: readonly ObservedNode[];
  /** Bytes that wait for the engine. */
  readonly waitingBytes: number;
  readonly sent: { readonly messages: number; readonly bytes: number; readonly records: number };
  readonly received: { readonly messages: number; readonly bytes: number; readonly records: number };
  /** How often messages were lost, and how many could not be read. */
  readonly gaps: number;
  readonly rejected: number;
  /** Comparisons, records that changed something here through them, and news that were older than what was known. */
  readonly rounds: number;
  readonly mended: number;
  readonly stale: number;
}

export interface ObservedTracker {
  readonly version: string;
  /** This machine's name. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Upper ends of the latency buckets in seconds, ascending. */
  readonly latencyBounds: readonly number[];
  readonly listeners: readonly ObservedListener[];
  /** The transports in use since the start and what they have counted; always the same ones. */
  counts(): Partial<Record<TransportName, TransportCounts>>;
  totals(): StoreTotals;
  walk(): PeerWalk;
  createSlice(): PeerSlice;
  configuration(): OptionInForce[];
  /** To be handed out; `isPublic` when --domain names them, not this machine's own name or address. */
  announceUrls(): { urls: string[]; isPublic: boolean };
  /** Undefined where swarms are not saved. */
  snapshot(): SnapshotState | undefined;
  certificates(): CertificateState[];
  /** The last warnings and errors of the log, the newest first; a hundred at most. */
  recentLines(): readonly RecentLine[];
  /** Lines of the log that could not be written since the start. */
  logLinesLost(): number;
  /** Defects of the tracker outside of any request, as in a timer, since the start. */
  uncaughtExceptions(): number;
  /** What is refused, of each kind the first `most` as they are written; undefined where there are no such lists. */
  readonly denied?: ((most: number) => Promise<Denied>) | undefined;
  readonly actions: Actions;
  /** Undefined where this machine is alone; it gives undefined until the cluster's thread has told anything. */
  cluster?: () => ObservedCluster | undefined;
}

/** What the admin door writes to the tracker's log. */
export interface AdminLog {
  info(message: string, fields?: Readonly<Record<string, string | number>>): void;
  warn(message: string, fields?: Readonly<Record<string, string | number>>): void;
}
