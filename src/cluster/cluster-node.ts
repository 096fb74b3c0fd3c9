// A node of the cluster, put together: it joins, tells, listens, compares, and goes on alone while the engine is away.
import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterLog, ClusterParts } from './cluster-parts.ts';
import { Comparing } from './comparing.ts';
import type { Engine, Position, Subscription } from './engine.ts';
import { type ListNews, listNewsOf, noteOfList } from './list-news.ts';
import { beatEveryMs, type Member, Membership, type NodeReport } from './membership.ts';
import { Merge } from './merge.ts';
import { Publisher } from './publisher.ts';
import { type SharedKeys, shareKeys } from './shared-key.ts';
import { createSignature } from './signature.ts';
import { ClusterSubscriber, type Note } from './subscriber.ts';
import type { Message } from './wire.ts';

const collectEveryMs = 75;
const compareEveryMs = 60_000;
/** After something was lost: not at once, so that one round mends what several nodes have lost. */
const compareAfterMs = 3000;
const keysEveryMs = 3600_000;
/** A node that has not reached the engine since its start by then serves alone. */
const aloneAfterMs = 20_000;
const joinedWithinMs = 60_000;
const retryMs = 200;

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
  /** Told what an operator has done at another node. */
  readonly list: (news: ListNews, node: string) => void;
}

/** What can be seen of it. */
export interface ClusterState {
  readonly node: string;
  readonly isReady: boolean;
  /** Whether the engine takes and gives messages now; why not. */
  readonly isReached: boolean;
  readonly fault: string | undefined;
  readonly position: Position | undefined;
  readonly members: readonly (Member & { lagMs: number | undefined })[];
  readonly waitingBytes: number;
  readonly sent: { messages: number; bytes: number; records: number };
  readonly received: { messages: number; bytes: number; records: number };
  readonly gaps: number;
  readonly rejected: number;
  readonly rounds: number;
  readonly mended: number;
  readonly stale: number;
}

export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #parts: ClusterParts;
  readonly #merge: Merge;
  readonly #publisher: Publisher;
  readonly #membership: Membership;
  readonly #comparing: Comparing;
  #subscriber: ClusterSubscriber | undefined;
  #subscription: Subscription | undefined;
  #isReady = false;
  #isReached = true;
  #beatFault: string | undefined;
  #isClosed = false;
  #greeted: (() => void) | undefined;
  #compareAt: number;
  #keysAt = 0;
  #bytes = { out: 0, in: 0, at: 0, outRate: 0, inRate: 0 };
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
    });
    this.#compareAt = now() + compareEveryMs;
  }

  /** Connects, and has the shared keys told, as soon as the engine can be reached. */
  prepare(): void {
    void this.#shareFirst();
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
    const subscriber = this.#subscriber;
    const counts = subscriber?.counts;
    const {
      messages = 0,
      bytes = 0,
      gaps = 0,
      damaged = 0,
      otherSecret = 0,
      otherVersion = 0,
    } = counts ?? {};
    return {
      node: this.#options.node,
      isReady: this.#isReady,
      isReached: this.#isReached,
      fault: this.#publisher.failure ?? this.#beatFault,
      position: subscriber?.position,
      members: this.#membership.members.map((member) => ({
        ...member,
        lagMs: subscriber?.lagOf(member.node),
      })),
      waitingBytes: this.#publisher.waitingBytes,
      sent: { ...this.#publisher.counts },
      received: { messages, bytes, records: this.#merge.counts.records },
      gaps,
      rejected: damaged + otherSecret + otherVersion,
      rounds: this.#comparing.counts.rounds,
      mended: this.#comparing.counts.mended,
      stale: this.#merge.counts.stale,
    };
  }

  /** Tells the other nodes what an operator has done here. */
  tellList(news: ListNews): void {
    this.#say(noteOfList(news));
  }

  /**
   * Tells what there is still to tell, as far as the engine takes it in time, and ends.
   * @param stays whether the others are to count on it still, because another process goes on under its name
   */
  async close(stays: boolean, withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#comparing.close();
    this.#publisher.collect();
    const leaving = async () => {
      await this.#publisher.send();
      if (!stays) await this.#membership.leave();
    };
    await Promise.race([leaving().catch(() => {}), pause(withinMs)]);
    await this.#options.engine.close();
    await this.#subscription?.close();
    this.#publisher.close();
  }

  async #shareFirst(): Promise<void> {
    while (this.#keysAt === 0 && !this.#isClosed) {
      await this.#shareKeys();
      if (this.#keysAt === 0) await pause(retryMs);
    }
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
      gap: () => {
        hasAll.is = false;
        this.#compareSoon();
      },
    });
    const greeted = new Promise<void>((resolve) => {
      this.#greeted = resolve;
    });
    this.#subscription = engine.subscribe(start, this.#subscriber);
    await this.#beat();
    this.#say({ is: 'hello', version: this.#options.version });
    await greeted;
    await this.#beat();
    if (!hasAll.is && this.#membership.others.length > 0)
      await Promise.race([this.#comparing.compare(), pause(joinedWithinMs)]);
    this.#becomeReady('');
  }

  #hear(note: Note, message: Message, agoMs: number): void {
    const isOwn = message.node === this.#options.node && message.incarnation === this.#options.incarnation;
    if (note.is === 'hello' && isOwn) this.#greeted?.();
    const list = isOwn ? undefined : listNewsOf(note);
    if (list) this.#options.list(list, message.node);
    this.#comparing.hear(note, message, agoMs);
  }

  #say(note: Note): void {
    this.#publisher.say(note);
    void this.#send();
  }

  #collect(): void {
    this.#publisher.collect();
    if (this.#publisher.hasLost && this.#isReached) {
      this.#publisher.hasLost = false;
      this.#compareSoon();
    }
    void this.#send();
  }

  async #send(): Promise<void> {
    await this.#publisher.send();
    this.#noteEngine();
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#membership.beat(this.#report());
      this.#beatFault = undefined;
    } catch (error) {
      this.#beatFault = (error as Error).message;
    }
    this.#noteEngine();
    if (this.#beatFault !== undefined) return;
    const now = this.#options.now();
    if (this.#keysAt !== 0 && now >= this.#keysAt) await this.#shareKeys();
    if (now < this.#compareAt) return;
    this.#compareAt = now + compareEveryMs;
    if (this.#membership.leads && this.#membership.others.length > 0) await this.#comparing.compare();
  }

  #report(): NodeReport {
    const { sender, now, store } = this.#parts;
    const elapsed = now() - this.#bytes.at;
    if (elapsed >= beatEveryMs / 2) {
      const out = this.#publisher.counts.bytes;
      const received = this.#subscriber?.counts.bytes ?? 0;
      const rate = (bytes: number) => Math.round((bytes / elapsed) * 1000);
      const isFirst = this.#bytes.at === 0;
      this.#bytes = {
        ...{ out, in: received, at: now() },
        outRate: isFirst ? 0 : rate(out - this.#bytes.out),
        inRate: isFirst ? 0 : rate(received - this.#bytes.in),
      };
    }
    const totals = store.totals();
    const lags = this.#membership.others.map(({ node }) => this.#subscriber?.lagOf(node) ?? 0);
    return {
      incarnation: sender.incarnation.toString(36),
      version: this.#options.version,
      ready: this.#isReady,
      peers: totals.leechers4 + totals.seeders4 + totals.leechers6 + totals.seeders6,
      lagMs: Math.round(Math.max(0, ...lags)),
      bytesOut: this.#bytes.outRate,
      bytesIn: this.#bytes.inRate,
      mended: this.#comparing.counts.mended,
      waitingBytes: this.#publisher.waitingBytes,
      webTorrentPeers: totals.connectionLeechers + totals.connectionSeeders,
    };
  }

  async #shareKeys(): Promise<void> {
    const { engine, secret, ownKeys, now, keys, log } = this.#options;
    try {
      const asked = now();
      const time = await engine.timeMs();
      const shared = await shareKeys(engine, secret, ownKeys, time);
      this.#keysAt = now() + keysEveryMs;
      keys(shared, Math.round((time - asked) / 1000));
    } catch (error) {
      if (this.#keysAt !== 0) this.#keysAt = now() + beatEveryMs;
      if (engine.isUp) log.warn(`cluster: no shared keys: ${(error as Error).message}`);
    }
  }

  #compareSoon(): void {
    const soon = this.#options.now() + compareAfterMs;
    if (this.#compareAt <= soon) return;
    this.#compareAt = soon;
    const timer = setTimeout(() => {
      if (!this.#isClosed && this.#membership.others.length > 0) void this.#comparing.compare();
    }, compareAfterMs);
    this.#timers.push(timer);
  }

  #serveAlone(): void {
    if (!this.#isReached) this.#becomeReady(' alone, without the engine');
  }

  #becomeReady(how: string): void {
    if (this.#isReady || this.#isClosed) return;
    this.#isReady = true;
    const others = this.#membership.others.map(({ node }) => node).join(', ') || 'nobody';
    this.#options.log.info(`Cluster: node ${this.#options.node} is ready${how}, with ${others}.`);
    void this.#beat();
  }

  /** Says it once when the engine goes, and once when it is back. */
  #noteEngine(): void {
    const failure = this.#publisher.failure ?? this.#beatFault;
    const isReached = failure === undefined;
    if (isReached === this.#isReached || this.#isClosed) return;
    this.#isReached = isReached;
    const { log } = this.#options;
    if (!isReached)
      log.warn(
        `cluster: the engine takes nothing (${failure}); this node goes on alone, and what it has is told later`,
      );
    else {
      log.info('Cluster: the engine is back.');
      this.#compareSoon();
    }
  }
}
