// The tracker itself: what an announce or a scrape is answered, whichever transport it came by.

import { type Failure, missingPort, trackerFull } from '../protocol/failure.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { SwarmCounts } from '../swarm/swarm-visit.ts';
import type { Announce } from './announce.ts';
import { ConnectionPeers } from './connection-peers.ts';
import { type ScrapedSwarm, scrapeAll } from './full-scrape.ts';
import type { PendingDecisions } from './pending-decisions.ts';
import { Protection } from './protection.ts';

export { mostAhead } from '../swarm/look-ahead.ts';
export type { SwarmCounts } from '../swarm/swarm-visit.ts';
export type { ScrapedSwarm } from './full-scrape.ts';

export interface TrackerSettings {
  /** Seconds a client is asked to wait between announces. */
  interval: number;
  /** Seconds it must wait at least. */
  minInterval: number;
  /** Most peers in one reply, and as many as a client gets that does not say. */
  maxPeers: number;
  /** Most info_hashes in one scrape. */
  maxScrapeHashes: number;
  /** Whether a scrape without info_hash lists every swarm. */
  fullScrape: boolean;
  /** `tracker id` of HTTP replies; empty leaves the key out. */
  trackerId: string;
  /** Whether IPv6 clients over HTTP are given IPv4 peers in places that IPv6 peers leave. */
  ipv4Mapped: boolean;
  /** Ports that no peer may have, besides 0: those of services that would suffer from peers' connections. */
  refusedPorts: readonly number[];
}

/** Peers for one that announces before the minimal interval is over: a lost reply is made good, a flood costs little. */
const earlyPeers = 10;

/** One a thread; all of them over the same store. */
export class Tracker {
  #settings: TrackerSettings;
  /** For transports, which ask before anything else. */
  readonly protection: Protection;
  /** The peers that are connections. */
  readonly connections: ConnectionPeers;
  /** Of this thread, where an announce may be `undecided` at first. */
  decisions: PendingDecisions | undefined;
  readonly #store: SwarmStore;
  /** One bit a port. */
  #refusedPorts: Int32Array;

  constructor(store: SwarmStore, settings: TrackerSettings, protection = new Protection()) {
    this.#store = store;
    this.#settings = settings;
    this.protection = protection;
    this.connections = new ConnectionPeers(store.connections, protection);
    this.#refusedPorts = createPortSet(settings.refusedPorts);
    store.limitEarly(settings.minInterval, earlyPeers);
  }

  /** In force; another object as soon as one of them is another. */
  get settings(): TrackerSettings {
    return this.#settings;
  }

  /** Answers by these from now on, in this thread. */
  changeSettings(settings: TrackerSettings): void {
    this.#settings = settings;
    this.#refusedPorts = createPortSet(settings.refusedPorts);
    this.#store.limitEarly(settings.minInterval, earlyPeers);
  }

  /** Answers an announce into its own fields; `now` is whole seconds of the monotonic clock all threads share. */
  announce(announce: Announce, now: number): Failure | undefined {
    // Whoever connects to port 0 connects to nobody, and such a peer breaks some clients' lists.
    const { port } = announce;
    if ((this.#refusedPorts[port >>> 5] >>> (port & 31)) & 1) return missingPort;
    const failure = this.protection.access?.failureOf(announce, now);
    if (failure !== undefined) return failure;
    const { maxPeers } = this.#settings;
    const { numwant, mostPeers } = announce;
    const wanted = numwant < 0 || numwant > maxPeers ? maxPeers : numwant;
    const stored = this.#store.announce(announce, wanted < mostPeers ? wanted : mostPeers, now);
    return stored ? undefined : trackerFull;
  }

  /** Swarms that have peers, of both kinds: a torrent may have one of each. */
  get swarmCount(): number {
    const { swarms, connectionSwarms } = this.#store.totals();
    return swarms + connectionSwarms;
  }

  /** Whether `lookAhead` is worth its time. */
  get looksAhead(): boolean {
    return this.#store.outgrowsCaches;
  }

  /** Begins to fetch what a batch of announces will need; see SwarmStore.lookAhead. */
  lookAhead(data: Int32Array, positions: Int32Array, count: number, family: 4 | 6): void {
    this.#store.lookAhead(data, positions, count, family);
  }

  /** Writes a swarm's counts, zeros for an unknown one and for one that may not be announced. */
  scrape(infoHash: Int32Array, at: number, counts: SwarmCounts): void {
    const { access } = this.protection;
    if (access !== undefined && !access.allowsTorrent(infoHash, at)) {
      counts.complete = counts.incomplete = counts.downloaded = counts.downloaders = 0;
      return;
    }
    this.#store.scrape(infoHash, at, counts);
  }

  /**
   * Every swarm that has peers, that may be announced, in the order of the info_hashes; a swarm that ends meanwhile is
   * left out. Yields `undefined` where the thread may do something else first.
   */
  scrapeAll(): Generator<ScrapedSwarm | undefined, void, undefined> {
    return scrapeAll(
      this.#store,
      (infoHash, at) => this.protection.access?.allowsTorrent(infoHash, at) ?? true,
    );
  }
}

function createPortSet(ports: readonly number[]): Int32Array {
  const set = new Int32Array(65_536 / 32);
  for (const port of [0, ...ports]) set[port >>> 5] |= 1 << (port & 31);
  return set;
}
