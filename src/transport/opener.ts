// What a transport with sockets of its own brings to be listened on, and what it is given for it.
import type { InheritedSocket } from '../net/inherited-socket.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { LiveChange } from './live-change.ts';
import type { AskSelf } from './self-question.ts';
import type { TransportCounts } from './transport-counts.ts';

/** One socket that is wanted. */
export interface PlannedSocket {
  /** An IPv6 listener takes no IPv4 (IPV6_V6ONLY), so that both families can stand on one port. */
  readonly family: 4 | 6;
  readonly address: string;
  /** 0 lets the operating system choose. */
  readonly port: number;
  /** The socket is open already: systemd passed it, or the tracker before. */
  readonly inherited?: InheritedSocket;
  /** More sockets on the same address and port (SO_REUSEPORT), which the tracker before had for its threads. */
  readonly inheritedBeside?: readonly InheritedSocket[];
}

/** A socket that answers. `port` is the system's choice when it was left open. */
export interface OpenSocket {
  readonly port: number;
  /** Its open descriptors, which a takeover hands on. */
  descriptors(): readonly number[];
  /** Stops accepting and lets what is in flight finish, for at most `graceMs` where the listener's own is longer. */
  close(graceMs?: number): Promise<void>;
}

/** How a transport is listened on, and what all its listeners have counted. */
export interface Opener<Planned extends PlannedSocket = PlannedSocket, Open extends OpenSocket = OpenSocket> {
  /** Rejects with the system's error when the socket cannot be had. */
  open(planned: Planned): Promise<Open>;
  counts(): TransportCounts;
  /** What it tells the log's line a minute: counters under the words that the line has for them. */
  tallies?(): Readonly<Record<string, number>>;
  /** An announce to a listener of its own; a transport without it is not asked. */
  readonly askSelf?: AskSelf;
  /** What its listeners wait for before they can answer anybody; undefined when it is nothing. */
  waitsFor?(): string | undefined;
  /** Where threads serve its sockets. Several transports may share them. */
  readonly threads?: ServingThreads;
  /** Has what it serves itself make and take connection ids with other keys. */
  shareKeys?(keys: SharedKeys): void;
}

/** Keys of connection ids that several machines have, 16 bytes each, and what to add to this one's seconds. */
export interface SharedKeys {
  readonly current: Uint8Array;
  readonly previous: Uint8Array;
  readonly aheadSeconds: number;
}

/** Threads that are made ready while the main thread loads, and held back until everything is. */
export interface ServingThreads {
  /**
   * Called when every listener of theirs is open.
   * @throws StartError
   */
  start(): Promise<void>;
  serve(): void;
  /** Hands them what a reload changes. */
  change(change: LiveChange): void;
  /** Resolves when none of them answers as before the last change, or to which may still do so. */
  changeTaken(): Promise<string | undefined>;
  /** Has them make and take connection ids with other keys, where they do. */
  shareKeys?(keys: SharedKeys): void;
  /** Whether each has shown a sign of life since this was last asked. */
  isWell(): boolean;
}

/** Makes the opener of one transport, once for all its listeners. */
export type CreateOpener = (parts: OpenerParts) => Opener;

/** What the module exports that a transport's description names. */
export interface OpenerModule {
  readonly createOpener: CreateOpener;
}

/** What every opener works with. */
export interface OpenerParts {
  readonly tracker: Tracker;
  /** Seconds that only go forward. */
  readonly clock: () => number;
  /** 16 secret bytes each, which outlive a restart. What was made with the one before is still taken. */
  readonly keys: { readonly current: Uint8Array; readonly previous: Uint8Array };
  readonly warn: (message: string, fields?: Record<string, string | number>) => void;
  /** Told of a defect of ours in one request; the listener goes on. */
  readonly failed: (error: unknown) => void;
  /** The socket workers; undefined where the main thread serves. */
  readonly workers: DatagramWorkers | undefined;
}

/** Threads that answer announces in datagrams (BEP 15), and count what they answer. */
export interface DatagramWorkers extends Pick<Opener, 'counts' | 'tallies'> {
  readonly serving: ServingThreads;
  /** Opens an address for all threads; what the system gave. Throws SystemCallError. */
  bind(address: string, port: number): BoundSocket;
  /** Takes an inherited socket for all threads, or several on one address and port. */
  adopt(inherited: InheritedSocket, beside?: readonly InheritedSocket[]): BoundSocket;
  /** The descriptors of all datagram sockets on an address and port. */
  descriptorsAt(address: string, port: number): number[];
  close(graceMs?: number): Promise<void>;
}

export interface BoundSocket {
  readonly port: number;
  /** Bytes of waiting datagrams that the kernel keeps. */
  readonly receiveBuffer: number;
}
