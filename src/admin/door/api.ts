// What the JSON of the admin door says, taken from what observes the tracker.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { nameOfPeerId } from '../measures/client-software.ts';
import type { History, HistorySeries } from '../measures/history.ts';
import { historyRanges, historySeriesNames } from '../measures/history.ts';
import type { Monitor } from '../measures/monitor.ts';
import { formatNetwork4, formatNetwork6 } from '../measures/network-tally.ts';
import { formatInfoHash, type Survey, swarmSizes } from '../measures/survey.ts';
import {
  type AdminLog,
  headConnection,
  headFamily,
  headPort,
  headSeeder,
  type ObservedTracker,
  type PeerSlice,
  type PeerWalk,
  slicePeer,
  sliceSwarm,
} from '../observed-tracker.ts';
import type {
  AnnounceUrls,
  Clients,
  Cluster,
  ConfigurationAnswer,
  Denied,
  LogAnswer,
  Networks,
  Stats,
  SwarmDetail,
  SwarmSizes,
  TopSwarms,
} from '../schema.ts';
import { formatShownIp, type IpVisibility } from '../shown-address.ts';
import { describeCluster } from './describe-cluster.ts';
import { OperatorActions } from './operator-actions.ts';
import type { Answer } from './question.ts';
import { RequestError } from './question.ts';

const mostPeersShown = 200;
const mostDeniedShown = 1000;

export interface ApiParts {
  tracker: ObservedTracker;
  monitor: Monitor;
  history: History;
  survey: Survey;
  /** Writes the metrics down. */
  metrics: () => Promise<string>;
  /** Describes what can be asked. */
  describe: () => object;
  ipVisibility: IpVisibility;
  log: AdminLog;
  /** Milliseconds since 1970. */
  now: () => number;
}

export class Api {
  readonly actions: OperatorActions;
  readonly #parts: ApiParts;
  readonly #walk: PeerWalk;
  readonly #slice: PeerSlice;
  #description: object | undefined;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.actions = new OperatorActions(parts.tracker.actions, parts.log);
    this.#walk = parts.tracker.walk();
    this.#slice = parts.tracker.createSlice();
  }

  stats(): Stats {
    return this.#parts.monitor.stats;
  }

  ready(): Answer {
    const { ready } = this.stats();
    return ready ? { body: { status: 'ready' } } : { status: 503, body: { status: 'not ready' } };
  }

  async metrics(): Promise<Answer> {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await this.#parts.metrics() };
  }

  description(): object {
    this.#description ??= this.#parts.describe();
    return this.#description;
  }

  /** In slices, as JSON: a week of everything is two million characters. */
  async history(query: URLSearchParams): Promise<string> {
    const range = query.get('range') ?? 'hour';
    if (!isRange(range)) throw new RequestError(400, 'range must be hour, day or week');
    const points = Number(query.get('points') ?? 20_000);
    if (!Number.isInteger(points) || points < 1 || points > 20_000) {
      throw new RequestError(400, 'points must be a whole number from 1 to 20000');
    }
    const names = query.get('series')?.split(',', historySeriesNames.length + 1) ?? historySeriesNames;
    if (names.length > historySeriesNames.length || new Set(names).size < names.length) {
      throw new RequestError(400, 'each series can be named once');
    }
    if (!names.every(isSeries)) {
      throw new RequestError(400, `series must be among ${historySeriesNames.join(', ')}`);
    }
    const second = Math.floor(this.#parts.now() / 1000);
    const reading = this.#parts.history.readInSlices(range, second, points, names);
    let slice = reading.next();
    for (; !slice.done; slice = reading.next()) await nextTurn();
    const { from, step, series } = slice.value;
    const texts: string[] = [];
    for (const [name, values] of Object.entries(series)) {
      texts.push(`${JSON.stringify(name)}:${JSON.stringify(values)}`);
      await nextTurn();
    }
    return `{"range":"${range}","from":${from},"step":${step},"series":{${texts.join()}}}`;
  }

  topSwarms(): TopSwarms {
    const top = this.#parts.survey.result?.topSwarms ?? [];
    return {
      ...this.#surveyHead(),
      top: top.map(({ infoHash, ...counts }) => ({ info_hash: infoHash, ...counts })),
    };
  }

  swarmSizes(): SwarmSizes {
    const counts = this.#parts.survey.result?.sizes ?? [];
    const sizes = counts.map((swarms, index) => ({
      from: (swarmSizes[index - 1] ?? 0) + 1,
      to: swarmSizes[index] ?? null,
      swarms,
    }));
    return { ...this.#surveyHead(), sizes };
  }

  clients(): Clients {
    return { ...this.#surveyHead(), clients: this.#parts.survey.result?.clients ?? [] };
  }

  networks(trusted: boolean): Networks {
    const { survey, ipVisibility } = this.#parts;
    const shown = ipVisibility === 'off' ? undefined : survey.result;
    const whole = trusted || ipVisibility === 'full';
    const list = (networks: [number, number][] = [], format: (network: number) => string) => {
      // Cut short, several networks may become one.
      const sums = new Map<string, number>();
      for (const [network, peers] of networks) {
        const text = format(network);
        sums.set(text, (sums.get(text) ?? 0) + peers);
      }
      return [...sums].map(([network, peers]) => ({ network, peers })).sort((a, b) => b.peers - a.peers);
    };
    return {
      ...this.#surveyHead(),
      truncated: !whole,
      too_low_by_at_most: survey.result?.networkError ?? 0,
      ipv4: list(shown?.networks4, (network) => formatNetwork4(network, whole ? 24 : 16)),
      ipv6: list(shown?.networks6, (network) => formatNetwork6(network, whole ? 48 : 32)),
    };
  }

  swarm(infoHash: Int32Array, trusted: boolean): SwarmDetail {
    const slice = this.#slice;
    const known = this.#walk.readSwarm(infoHash, 0, slice);
    const { connectionSeeders, connectionLeechers } = slice;
    const has = (field: number) => (slice.swarmCount > 0 ? slice.swarms[field] : 0);
    return {
      info_hash: formatInfoHash(infoHash),
      known,
      complete: has(sliceSwarm.complete) + connectionSeeders,
      incomplete: has(sliceSwarm.incomplete) + connectionLeechers,
      downloaded: has(sliceSwarm.downloaded),
      webrtc: { complete: connectionSeeders, incomplete: connectionLeechers },
      peers: trusted ? this.#peersIn(slice) : null,
    };
  }

  announceUrls(): AnnounceUrls {
    const { urls, isPublic } = this.#parts.tracker.announceUrls();
    return { urls, public: isPublic };
  }

  /** What happened to all; to whom, in the fields, only with the token. */
  log(trusted: boolean): LogAnswer {
    const lines = this.#parts.tracker.recentLines().map(({ atMs, level, message, fields }) => ({
      at: atMs,
      level,
      message,
      fields: trusted ? [...fields] : null,
    }));
    return { lines };
  }

  configuration(): ConfigurationAnswer {
    return { options: this.#parts.tracker.configuration() };
  }

  cluster(): Cluster {
    const cluster = this.#parts.tracker.cluster?.();
    return cluster === undefined ? null : describeCluster(cluster);
  }

  async denied(): Promise<Denied> {
    const { infoHashes, networks } = (await this.#parts.tracker.denied?.(mostDeniedShown)) ?? {
      infoHashes: { count: 0, shown: [] },
      networks: { count: 0, shown: [] },
    };
    return { info_hashes: infoHashes, networks };
  }

  #surveyHead() {
    const result = this.#parts.survey.result;
    return {
      completed_at: result?.completedAtMs ?? null,
      started_at: result?.startedAtMs ?? null,
      swarms: result?.swarms ?? 0,
      peers: result?.peers ?? 0,
      sampled_every: result?.sampledEvery ?? 1,
    };
  }

  #peersIn({ peers, peerCount }: PeerSlice): NonNullable<SwarmDetail['peers']> {
    const bytes = new Uint8Array(peers.buffer, peers.byteOffset);
    return shareOut(peers, peerCount).map((at) => {
      const head = peers[at + slicePeer.head];
      const family = (head & headFamily) === 4 ? ('ipv4' as const) : ('ipv6' as const);
      const isConnection = (head & headConnection) !== 0;
      const from = (at + slicePeer.address) * 4;
      const address = bytes.slice(from, from + (family === 'ipv4' ? 4 : 16));
      return {
        address: formatShownIp(address, this.#parts.ipVisibility) ?? null,
        port: head >>> headPort,
        family,
        webrtc: isConnection,
        seeder: (head & headSeeder) !== 0,
        client: isConnection
          ? 'WebTorrent'
          : nameOfPeerId(peers[at + slicePeer.peerId], peers[at + slicePeer.peerId + 1]),
      };
    });
  }
}

/**
 * Where the peers that are shown begin: seeders and leechers of each family, and of connections, in equal shares as far as there are as many,
 * seeders first.
 */
function shareOut(peers: Int32Array, peerCount: number): number[] {
  const groups = new Map<number, number[]>();
  for (let at = 0; at < peerCount * slicePeer.size; at += slicePeer.size) {
    const group = peers[at + slicePeer.head] & (headFamily | headSeeder | headConnection);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [at]);
    else members.push(at);
  }
  // The smallest first: what it leaves of its share is the others'.
  const bySize = [...groups.values()].sort((a, b) => a.length - b.length);
  let room = mostPeersShown;
  const shown = bySize.flatMap((members, index) => {
    const share = members.slice(0, Math.floor(room / (bySize.length - index)));
    room -= share.length;
    return share;
  });
  return shown.sort((a, b) => (peers[b] & headSeeder) - (peers[a] & headSeeder));
}

function isRange(text: string): text is keyof typeof historyRanges {
  return Object.hasOwn(historyRanges, text);
}

function isSeries(text: string): text is HistorySeries {
  return (historySeriesNames as readonly string[]).includes(text);
}
