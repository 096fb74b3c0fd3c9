// The background survey of all swarms and peers: largest swarms, swarm sizes, client software, busiest networks.
//
// It walks the store in slices, a few milliseconds each second, so that it costs the tracker next to nothing; a small
// store is surveyed anew every few seconds. Of a large one all large swarms are looked at, and of the others and of the
// peers a sample, which says as much. Nothing of it is on the hot path.

import { infoHashWords } from '../../protocol/info-hash.ts';
import { headFamily, type PeerSlice, type PeerWalk, slicePeer, sliceSwarm } from '../observed-tracker.ts';
import { type ClientShare, ClientTally } from './client-software.ts';
import { NetworkTally, network24, network48 } from './network-tally.ts';

export interface TopSwarm {
  /** 40 hexadecimal digits. */
  infoHash: string;
  complete: number;
  incomplete: number;
  downloaded: number;
}

export interface SurveyResult {
  /** Milliseconds since 1970. */
  startedAtMs: number;
  completedAtMs: number;
  swarms: number;
  peers: number;
  /** A sample of one in so many; counts are scaled to all, but not those of large swarms. 1: nothing was left out. */
  sampledEvery: number;
  /** By peers, the most first. */
  topSwarms: TopSwarm[];
  /** Swarms by size, in the order of `swarmSizes`. */
  sizes: number[];
  clients: ClientShare[];
  /** Numbers as network-tally.ts has them, the busiest first. */
  networks4: [network: number, peers: number][];
  networks6: [network: number, peers: number][];
  /** Counts of networks are too low by at most this. */
  networkError: number;
}

/** Upper ends of the classes of swarm sizes, in peers; a last class takes what is larger. */
export const swarmSizes = [1, 4, 9, 49, 99, 499, 999, 9999] as const;

const topSwarmCount = 100;
const topClientCount = 30;
const topVersionCount = 5;
const topNetworkCount = 50;
const wakeMs = 1000;
/** Of more than twice as many peers a sample is taken, of so many or up to twice as many. */
const sampledPeers = 300_000;

export interface SurveyOptions {
  walk: PeerWalk;
  slice: PeerSlice;
  /** How many there are, exactly. */
  totals: () => { swarms: number; peers: number };
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds of each second that the survey may take. */
  budgetMs?: number;
  /** A round begins at most so often. */
  roundEveryMs?: number;
  onException: (error: unknown) => void;
}

export class Survey {
  readonly #options: SurveyOptions;
  readonly #budgetMs: number;
  readonly #roundEveryMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Round | undefined;
  #result: SurveyResult | undefined;

  constructor(options: SurveyOptions) {
    this.#options = options;
    this.#budgetMs = options.budgetMs ?? 4;
    this.#roundEveryMs = options.roundEveryMs ?? 5000;
  }

  /** Of the last completed round. */
  get result(): SurveyResult | undefined {
    return this.#result;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), wakeMs).unref();
    this.wake();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Goes on with the survey for one budget's time. */
  wake(): void {
    const { walk, slice, totals, now, onException } = this.#options;
    const wokenAt = now();
    if (this.#round === undefined) {
      if (wokenAt - (this.#result?.startedAtMs ?? Number.NEGATIVE_INFINITY) < this.#roundEveryMs) return;
      this.#round = new Round(wokenAt, Math.max(1, Math.floor(totals().peers / sampledPeers)));
    }
    const end = performance.now() + this.#budgetMs;
    try {
      do {
        const done = walk.read(slice, this.#round.sampledEvery);
        this.#round.add(slice);
        if (!done) continue;
        this.#result = this.#round.finish(now(), totals());
        this.#round = undefined;
        return;
      } while (performance.now() < end);
    } catch (error) {
      onException(error);
    }
  }
}

/** What one round has seen so far. */
class Round {
  readonly sampledEvery: number;
  readonly #startedAtMs: number;
  readonly #clients = new ClientTally();
  readonly #networks4 = new NetworkTally();
  readonly #networks6 = new NetworkTally();
  /** Swarms by size: those of which every one is met, and those of which a sample is. */
  readonly #counted = new Array<number>(swarmSizes.length + 1).fill(0);
  readonly #sampled = new Array<number>(swarmSizes.length + 1).fill(0);
  readonly #top = new TopSwarms();
  /** Of those of which every one is met. */
  #peers = 0;
  #peersMet = 0;

  constructor(startedAtMs: number, sampledEvery: number) {
    this.#startedAtMs = startedAtMs;
    this.sampledEvery = sampledEvery;
  }

  add({ swarms, swarmCount, peers, peerCount }: PeerSlice): void {
    for (let i = 0, at = 0; i < swarmCount; i++, at += sliceSwarm.size) {
      const size = swarms[at + sliceSwarm.complete] + swarms[at + sliceSwarm.incomplete];
      let sizeClass = 0;
      while (sizeClass < swarmSizes.length && size > swarmSizes[sizeClass]) sizeClass++;
      if (swarms[at + sliceSwarm.standsFor] === 1) {
        this.#counted[sizeClass]++;
        this.#peers += size;
      } else this.#sampled[sizeClass]++;
      if (size > this.#top.least) this.#top.add(size, swarms, at);
    }
    for (let i = 0, at = 0; i < peerCount; i++, at += slicePeer.size) {
      const address = at + slicePeer.address;
      if ((peers[at + slicePeer.head] & headFamily) === 4) this.#networks4.add(network24(peers[address]));
      else this.#networks6.add(network48(peers[address], peers[address + 1]));
      this.#clients.add(peers[at + slicePeer.peerId], peers[at + slicePeer.peerId + 1]);
    }
    this.#peersMet += peerCount;
  }

  finish(completedAtMs: number, totals: { swarms: number; peers: number }): SurveyResult {
    const every = this.sampledEvery;
    const counted = sum(this.#counted);
    // How many are in the sample is chance too; how many there are is known.
    const perPeer = every === 1 ? 1 : totals.peers / Math.max(1, this.#peersMet);
    const perSwarm = Math.max(0, totals.swarms - counted) / Math.max(1, sum(this.#sampled));
    const all = ([network, peers]: [number, number]): [number, number] => [
      network,
      Math.round(peers * perPeer),
    ];
    return {
      startedAtMs: this.#startedAtMs,
      completedAtMs,
      swarms: every === 1 ? counted : totals.swarms,
      peers: every === 1 ? this.#peers : totals.peers,
      sampledEvery: every,
      topSwarms: this.#top.list(),
      sizes: this.#counted.map((count, size) => count + Math.round(this.#sampled[size] * perSwarm)),
      clients: this.#clients.list(topClientCount, topVersionCount, perPeer),
      networks4: this.#networks4.top(topNetworkCount).map(all),
      networks6: this.#networks6.top(topNetworkCount).map(all),
      networkError: Math.round(Math.max(this.#networks4.error, this.#networks6.error) * perPeer),
    };
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The largest swarms seen so far; sorted out whenever twice as many as wanted have gathered. */
class TopSwarms {
  #swarms: { size: number; words: Int32Array }[] = [];
  /** A swarm must be larger than this to get in. */
  least = 0;

  add(size: number, swarms: Int32Array, at: number): void {
    this.#swarms.push({ size, words: swarms.slice(at, at + sliceSwarm.size) });
    if (this.#swarms.length >= 2 * topSwarmCount) this.#cut();
  }

  list(): TopSwarm[] {
    this.#cut();
    // A swarm that moved during the walk may have been met twice.
    const byHash = new Map(this.#swarms.map(({ words }) => [formatInfoHash(words), words]));
    return [...byHash].map(([infoHash, words]) => ({
      infoHash,
      complete: words[sliceSwarm.complete],
      incomplete: words[sliceSwarm.incomplete],
      downloaded: words[sliceSwarm.downloaded],
    }));
  }

  #cut(): void {
    this.#swarms.sort((a, b) => b.size - a.size);
    this.#swarms.length = Math.min(topSwarmCount, this.#swarms.length);
    if (this.#swarms.length === topSwarmCount) this.least = this.#swarms.at(-1)!.size;
  }
}

/** Five words of wire bytes as 40 hexadecimal digits. */
export function formatInfoHash(words: Int32Array): string {
  return Buffer.from(words.buffer, words.byteOffset, 20).toString('hex');
}

/** 40 hexadecimal digits as five words; undefined for anything else. */
export function parseInfoHash(text: string): Int32Array | undefined {
  if (!/^[0-9a-f]{40}$/i.test(text)) return undefined;
  const words = new Int32Array(infoHashWords);
  Buffer.from(words.buffer).write(text, 'hex');
  return words;
}
