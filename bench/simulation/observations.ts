// What is seen of a simulated cluster from outside: who is missed or a ghost, how late news are, and what it comes to in the end.
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedComparing } from './simulated-comparing.ts';

/** How it is at a moment; peers of the whole cluster, the worst of all living nodes that reach the engine. */
export interface Moment {
  readonly second: number;
  readonly event: string;
  /** Acknowledged anywhere more than two seconds before, and not known. */
  readonly missed: number;
  /** Gone for more than two seconds, and still handed out. */
  readonly ghosts: number;
  readonly lagMs: number;
  readonly bytesPerSecond: number;
}

export interface Outcome {
  readonly moments: readonly Moment[];
  /** Of each node, bytes a second to and from the engine, without comparing. */
  readonly out: number;
  readonly in: number;
  /** Share of its time in which the engine was at work. */
  readonly engineBusy: number;
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Records a second that a node applies. */
  readonly heardPerSecond: number;
  /** Share of announces that the others are told of. */
  readonly told: number;
  readonly cuts: number;
  readonly comparisons: number;
  /** Bytes of states that one comparison has sent, the most of all, and the last of those before anything happened. */
  readonly mostCompared: number;
  readonly quietCompared: number;
  /** Share of the small shards that were left out of the last comparison. */
  readonly unsure: number;
}

/** What has been counted until a moment. */
interface Counted {
  readonly at: number;
  readonly busyMs: number;
  readonly newsBytes: number;
  readonly heard: number;
  readonly announced: number;
  readonly told: number;
}

export const momentEveryMs = 5000;
const sureMs = 2000;

export class Observations {
  /** Said with the next moment. */
  event = '';
  announced = 0;
  /** Bytes of news that were published. */
  newsBytes = 0;
  /** How often a node found that news were gone. */
  cuts = 0;
  readonly #cluster: SimulatedCluster;
  readonly #known: Uint8Array;
  readonly #moments: Moment[] = [];
  readonly #lags: number[] = [];
  #worstLag = 0;
  #bytesAtMoment = 0;
  #before: Counted | undefined;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.#known = new Uint8Array(cluster.mostPeers);
  }

  /** Whether the swarms have filled. */
  get isFull(): boolean {
    return this.#before !== undefined;
  }

  /** The swarms have filled: what counts begins here. */
  begin(now: number): void {
    this.#before = this.#counted(now);
    this.#lags.length = 0;
    this.event = 'full';
  }

  /** A node has heard news, so many milliseconds after somebody announced. */
  lag(ms: number): void {
    this.#worstLag = Math.max(this.#worstLag, ms);
    this.#lags.push(ms);
  }

  /** Looks at every node that reaches the engine. */
  look(now: number): void {
    const { plan, nodes, crowd, reaching, engine } = this.#cluster;
    const { sample, peerTtl } = plan;
    const { saidAt } = crowd;
    let missed = 0;
    let ghosts = 0;
    for (const i of reaching) {
      nodes[i].mark(this.#known, now);
      let missedHere = 0;
      let ghostsHere = 0;
      for (let peer = 0; peer < crowd.count; peer++) {
        const ago = now - Math.abs(saidAt[peer]);
        if (saidAt[peer] === 0 || ago < sureMs) continue;
        if (saidAt[peer] > 0 && ago < (peerTtl - 2) * 1000 && this.#known[peer] === 0) missedHere++;
        if (saidAt[peer] < 0 && this.#known[peer] === 1) ghostsHere++;
      }
      missed = Math.max(missed, missedHere);
      ghosts = Math.max(ghosts, ghostsHere);
    }
    const { bytes } = engine.counts;
    this.#moments.push({
      ...{ second: Math.round(now / 1000), event: this.event },
      ...{ missed: missed * sample, ghosts: ghosts * sample, lagMs: this.#worstLag },
      bytesPerSecond: (bytes - this.#bytesAtMoment) / (momentEveryMs / 1000),
    });
    this.#bytesAtMoment = bytes;
    this.#worstLag = 0;
    this.event = '';
  }

  /** What has come of it since `begin`. */
  outcome(now: number, comparing: SimulatedComparing): Outcome {
    const { nodes, sample } = this.#cluster.plan;
    const before = this.#before!;
    const after = this.#counted(now);
    const seconds = (now - before.at) / 1000;
    const out = (after.newsBytes - before.newsBytes) / nodes / seconds;
    const lags = Float64Array.from(this.#lags).sort();
    const lag = (share: number) => lags[Math.min(lags.length - 1, Math.floor(share * lags.length))] ?? 0;
    return {
      moments: this.#moments,
      ...{ out, in: out * nodes, engineBusy: (after.busyMs - before.busyMs) / 1000 / seconds },
      lagMs: { p50: lag(0.5), p99: lag(0.99), most: lag(1) },
      heardPerSecond: (((after.heard - before.heard) / nodes) * sample) / seconds,
      told: (after.told - before.told) / Math.max(1, after.announced - before.announced),
      ...{ cuts: this.cuts, comparisons: comparing.count, mostCompared: comparing.mostBytes },
      ...{ quietCompared: comparing.quietBytes, unsure: comparing.unsure },
    };
  }

  #counted(now: number): Counted {
    const { nodes, engine } = this.#cluster;
    const sum = (what: 'heard' | 'told') => nodes.reduce((total, { counts }) => total + counts[what], 0);
    return {
      ...{ at: now, newsBytes: this.newsBytes, announced: this.announced },
      ...{ busyMs: engine.counts.busyMs, heard: sum('heard'), told: sum('told') },
    };
  }
}
