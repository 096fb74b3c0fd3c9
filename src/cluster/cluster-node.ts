// A node of the cluster, put together: it joins, tells, listens, compares, and goes on alone while the engine is away.
import { ByteRates } from './byte-rates.ts';
import type { ClusterLog, ClusterParts } from './cluster-parts.ts';
import { type ClusterState, stateOf } from './cluster-state.ts';
import { CompareTimes } from './compare-times.ts';
import { Comparing } from './comparing.ts';
import type { Engine, Position, Subscription } from './engine.ts';
import { EngineOutage } from './engine-outage.ts';
import { FarCounts } from './far-counts.ts';
import { KeySharing } from './key-sharing.ts';
import { type ListNews, listNewsOf } from './list-news.ts';
import type { SaidOfList } from './list-record.ts';
import { beatEveryMs, Membership, type NodeReport } from './membership.ts';
import { Merge } from './merge.ts';
import { OwnCounts } from './own-counts.ts';
import { pause } from './pause.ts';
import { Publisher } from './publisher.ts';
import type { SharedKeys } from './shared-key.ts';
import { SharedLists } from './shared-lists.ts';
import { createSignature } from './signature.ts';
import { ClusterSubscriber, type Note } from './subscriber.ts';
import { type Message, MessageKind } from './wire.ts';

const collectEveryMs = 75;
/** A node that has not reached the engine since its start by then serves alone. */
const aloneAfterMs = 20_000;
const joinedWithinMs = 60_000;
const retryMs = 200;
/** An engine that came back with nothing hears of every node with its next beat. */
const meetWithinMs = beatEveryMs + 500;
const meetEveryMs = 100;

export interface ClusterNodeOptions {
  readonly engine: Engine;
  readonly store: ClusterParts['store'];
  readonly node: string;
  readonly incarnation: bigint;
  readonly secret: string;
  readonly version: string;
  /** Milliseconds of the clock that the store's seconds are taken from. */
  readonly now: () => number;
  readonly log: ClusterLog;
  /** In how many ticks a peer that only stays is told once. */
  readonly refreshTicks: number;
  readonly ownKeys: SharedKeys;
  /** Told the keys of connection ids, and by how many seconds the cluster's clock is ahead of `now`. */
  readonly keys: (keys: SharedKeys, aheadSeconds: number) => void;
  /** What operators have refused, as `keepLists` was told it last. */
  readonly keptLists: string | undefined;
  readonly keepLists: (record: string) => void;
  /** Told what operators have done at other nodes. */
  readonly lists: (said: readonly SaidOfList[]) => void;
}

export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #parts: ClusterParts;
  readonly #merge: Merge;
  readonly #publisher: Publisher;
  readonly #membership: Membership;
  readonly #comparing: Comparing;
  readonly #compareTimes: CompareTimes;
  readonly #keys: KeySharing;
  readonly #outage: EngineOutage;
  readonly #ownCounts: OwnCounts;
  readonly #farCounts: FarCounts;
  readonly #lists: SharedLists;
  readonly #rates = new ByteRates(beatEveryMs / 2);
  #subscriber: ClusterSubscriber | undefined;
  #subscription: Subscription | undefined;
  #isReady = false;
  #beatFault: string | undefined;
  #reporting: Promise<void> | undefined;
  #isClosed = false;
  #greeted: (() => void) | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: ClusterNodeOptions) {
    const { engine, store, node, incarnation, secret, now, log, refreshTicks } = options;
    this.#options = options;
    const signature = createSignature(secret);
    this.#parts = { engine, store, sender: { node, incarnation }, signature, now, log };
    const peers = store.createRemotePeers();
    this.#merge = new Merge(peers, (record) => this.#publisher.contradict(record));
    this.#publisher = new Publisher(this.#parts, this.#merge, refreshTicks, peers.secondsPerTick);
    this.#membership = new Membership(this.#parts);
    this.#comparing = new Comparing({
      ...this.#parts,
      merge: this.#merge,
      say: (note) => this.#say(note),
      others: () => this.#membership.others.map((member) => member.node),
      mostPeers: () => this.#membership.mostPeers,
      refreshTicks,
    });
    this.#keys = new KeySharing(options);
    this.#outage = new EngineOutage(log, now);
    this.#compareTimes = new CompareTimes({
      ...{ comparing: this.#comparing, membership: this.#membership, now },
      isReached: () => this.#outage.isReached,
    });
    this.#ownCounts = new OwnCounts({ store, now, send: (body) => this.#sendCounts(body) });
    this.#farCounts = new FarCounts(store.connections.counts);
    this.#lists = new SharedLists(
      {
        ...this.#parts,
        ...{ say: (note) => this.#say(note), apply: options.lists, keep: options.keepLists },
      },
      options.keptLists,
    );
  }

  /** Connects, and has the shared keys told, as soon as the engine can be reached. */
  prepare(): void {
    void this.#keys.begin();
  }

  /**
   * Begins to take part; the node is ready when it has caught up with the others, or there is nobody to catch up with.
   * @param from where in the engine's row the store's content ends, when it comes from this node's own snapshot
   */
  start(from: Position | undefined): void {
    if (this.#isClosed || this.#timers.length > 0) return;
    this.#publisher.open();
    this.#timers.push(
      setInterval(() => this.#collect(), collectEveryMs),
      setInterval(() => void this.#beat(), beatEveryMs),
      setTimeout(() => this.#serveAlone(), aloneAfterMs),
    );
    void this.#join(from);
  }

  get state(): ClusterState {
    return stateOf(
      {
        ...{ node: this.#options.node, isReady: this.#isReady, isReached: this.#outage.isReached },
        fault: this.#fault,
      },
      {
        ...{ publisher: this.#publisher, merge: this.#merge, membership: this.#membership },
        ...{ comparing: this.#comparing, subscriber: this.#subscriber },
      },
    );
  }

  /** Tells the other nodes what an operator has done here. */
  tellList(news: ListNews): void {
    this.#lists.tell(news);
  }

  /**
   * Tells what there is still to tell, as far as the engine takes it in time, and ends.
   * @param stays whether the others are to count on it still, because another process goes on under its name
   */
  async close(stays: boolean, withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const part of [this.#comparing, this.#compareTimes, this.#keys]) part.close();
    this.#publisher.collect();
    this.#ownCounts.leave();
    const leaving = async () => {
      await this.#publisher.send();
      if (!stays) await this.#membership.leave();
    };
    await Promise.race([leaving().catch(() => {}), pause(withinMs)]);
    await this.#options.engine.close();
    await this.#subscription?.close();
    this.#publisher.close();
  }

  async #join(from: Position | undefined): Promise<void> {
    const { engine } = this.#options;
    let start: Position | undefined;
    while (start === undefined && !this.#isClosed) {
      start = from ?? (await engine.end().catch(() => undefined));
      if (start === undefined) await pause(retryMs);
    }
    if (this.#isClosed || start === undefined) return;
    const hasAll = { is: from !== undefined };
    this.#subscriber = new ClusterSubscriber(this.#parts, this.#merge, start, {
      beforeNews: () => this.#publisher.collect(),
      note: (note, message, agoMs) => this.#hear(note, message, agoMs),
      news: (message) => this.#comparing.hearNews(message),
      counts: (message) => this.#farCounts.hear(message, this.#options.now()),
      gap: () => {
        hasAll.is = false;
        this.#compareTimes.soon();
      },
    });
    const greeted = new Promise<void>((resolve) => {
      this.#greeted = resolve;
    });
    this.#subscription = engine.subscribe(start, this.#subscriber);
    await this.#beat();
    this.#say({ is: 'hello', version: this.#options.version });
    await greeted;
    await this.#lists.sync();
    await this.#meetOthers();
    if (!hasAll.is && this.#membership.others.length > 0)
      await Promise.race([this.#comparing.compare(true), pause(joinedWithinMs)]);
    this.#becomeReady('');
  }

  /** Who knows nobody is not alone for that: all others answer its hello with a beat, which an engine may have lost. */
  async #meetOthers(): Promise<void> {
    const end = this.#options.now() + meetWithinMs;
    await this.#beat();
    while (this.#membership.others.length === 0 && this.#options.now() < end && !this.#isClosed) {
      await pause(meetEveryMs);
      await this.#beat();
    }
  }

  #hear(note: Note, message: Message, agoMs: number): void {
    const isOwn = message.node === this.#options.node && message.incarnation === this.#options.incarnation;
    if (note.is === 'hello' && isOwn) this.#greeted?.();
    else if (note.is === 'hello') {
      this.#ownCounts.tellAll();
      if (agoMs < meetWithinMs) void this.#beat();
    }
    if (note.is === 'lists' && !isOwn) void this.#lists.hear(note.version);
    const list = isOwn ? undefined : listNewsOf(note);
    if (list) this.#options.lists([{ ...list, version: 0, node: message.node }]);
    this.#comparing.hear(note, message, agoMs);
  }

  #say(note: Note): void {
    this.#publisher.say(note);
    void this.#send();
  }

  #sendCounts(body: Uint8Array): void {
    this.#publisher.add(MessageKind.counts, body);
    void this.#send();
  }

  #collect(): void {
    this.#publisher.collect();
    if (this.#publisher.hasLost && this.#outage.isReached) {
      this.#publisher.hasLost = false;
      this.#compareTimes.soon();
    }
    void this.#send();
  }

  async #send(): Promise<void> {
    await this.#publisher.send();
    this.#noteEngine();
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return;
    // One after the other: an engine that is slow is not asked the more for that.
    this.#reporting ??= this.#tellOfItself().finally(() => {
      this.#reporting = undefined;
    });
    await this.#reporting;
    this.#farCounts.beat(this.#options.now());
    void this.#ownCounts.beat(this.#outage.isReached);
    if (this.#beatFault !== undefined) return;
    await this.#keys.beat();
    await this.#lists.hear(
      Math.max(0, ...this.#membership.others.map(({ report }) => Number(report.lists ?? 0))),
    );
    await this.#compareTimes.beat();
  }

  async #tellOfItself(): Promise<void> {
    try {
      await this.#membership.beat(this.#report());
      this.#beatFault = undefined;
    } catch (error) {
      this.#beatFault = (error as Error).message;
    }
    this.#noteEngine();
  }

  #report(): NodeReport {
    const { sender, now, store } = this.#parts;
    const received = this.#subscriber?.counts.bytes ?? 0;
    this.#rates.note({ out: this.#publisher.counts.bytes, in: received }, now());
    const totals = store.totals();
    const lags = this.#membership.others.map(({ node }) => this.#subscriber?.lagOf(node) ?? 0);
    return {
      incarnation: sender.incarnation.toString(36),
      version: this.#options.version,
      ready: this.#isReady,
      peers: totals.leechers4 + totals.seeders4 + totals.leechers6 + totals.seeders6,
      lagMs: Math.round(Math.max(0, ...lags)),
      bytesOut: this.#rates.out,
      bytesIn: this.#rates.in,
      mended: this.#comparing.counts.mended,
      waitingBytes: this.#publisher.waitingBytes,
      lists: this.#lists.version,
      webTorrentPeers: totals.connectionLeechers + totals.connectionSeeders,
    };
  }

  #serveAlone(): void {
    if (!this.#outage.isReached) this.#becomeReady(' alone, without the engine');
  }

  #becomeReady(how: string): void {
    if (this.#isReady || this.#isClosed) return;
    this.#isReady = true;
    const others = this.#membership.others.map(({ node }) => node).join(', ') || 'nobody';
    this.#options.log.info(`Cluster: node ${this.#options.node} is ready${how}, with ${others}.`);
    void this.#beat();
  }

  get #fault(): string | undefined {
    return this.#publisher.failure ?? this.#beatFault;
  }

  #noteEngine(): void {
    if (this.#isClosed || !this.#outage.note(this.#fault)) return;
    this.#compareTimes.soon();
    // It may have come back with nothing.
    this.#keys.again();
    void this.#lists.sync();
  }
}
