// Which nodes there are, what each says of itself, and which of them live.

import type { ClusterParts } from './cluster-parts.ts';

export const beatEveryMs = 2000;
/** A node that has said nothing for so long counts as gone. */
const livesMs = 9000;
const forgottenMs = 24 * 3600 * 1000;

/** What a node says of itself, as JSON; whoever reads another version's finds some of it missing. */
export interface NodeReport {
  readonly incarnation: string;
  readonly version: string;
  readonly ready: boolean;
  readonly peers: number;
  /** From a change at another node until it was known here, of the last messages: the longest of all nodes. */
  readonly lagMs: number;
  /** To and from the engine, bytes a second. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Records by which this node differed from others when they compared, since its start. */
  readonly mended: number;
  readonly waitingBytes: number;
  /** The version of the record of what operators refuse that it goes by. */
  readonly lists: number;
  /** Of WebTorrent peers, which are this node's alone. */
  readonly webTorrentPeers: number;
}

export interface Member {
  readonly node: string;
  readonly ageMs: number;
  readonly isAlive: boolean;
  readonly report: Partial<NodeReport>;
}

export class Membership {
  readonly #parts: ClusterParts;
  /** The last that was known, this node among them, in order of their names. */
  members: readonly Member[] = [];
  #readAt = 0;
  /** When the engine last had lost what nodes had said. */
  #lostAt = Number.NEGATIVE_INFINITY;
  #isDoubled = false;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
  }

  /** Says what there is to say of this node, and learns of the others. Rejects when the engine cannot be reached. */
  async beat(report: NodeReport): Promise<void> {
    const { engine, sender, log, now } = this.#parts;
    const before = (await engine.beats()).map(parse).filter((member) => member !== undefined);
    await engine.beat(sender.node, Buffer.from(JSON.stringify(report)));
    const own = before.find(({ node }) => node === sender.node);
    const isDoubled =
      own?.isAlive === true && own.report.incarnation !== report.incarnation && own.ageMs < beatEveryMs;
    if (isDoubled && this.#isDoubled)
      log.warn(`cluster: another node is called ${sender.node} too: give each its own --cluster-node`);
    this.#isDoubled = isDoubled;
    if (own === undefined && this.members.length > 0) this.#lostAt = now();
    const unheard = this.#unheard(before);
    this.#readAt = now();
    this.members = [
      ...unheard,
      ...before.filter(({ node }) => node !== sender.node),
      { node: sender.node, ageMs: 0, isAlive: true, report },
    ].sort((a, b) => (a.node < b.node ? -1 : 1));
    for (const { node, ageMs } of before) if (ageMs > forgottenMs) await engine.forget(node);
  }

  /** Those known before whom an engine that has lost everything does not know again until their next beat. */
  #unheard(heard: readonly Member[]): Member[] {
    const { now, sender } = this.#parts;
    if (now() - this.#lostAt >= livesMs) return [];
    const names = new Set([sender.node, ...heard.map(({ node }) => node)]);
    const sinceMs = now() - this.#readAt;
    return this.members
      .filter(({ node }) => !names.has(node))
      .map((member) => ({ ...member, ageMs: member.ageMs + sinceMs }))
      .filter(({ ageMs }) => ageMs < livesMs);
  }

  /** Those that live, but for this one. */
  get others(): readonly Member[] {
    return this.members.filter(({ node, isAlive }) => isAlive && node !== this.#parts.sender.node);
  }

  /** Of the node that has most of them, as far as it says so. */
  get mostPeers(): number {
    const counts = this.members.map(({ report }) => Number(report.peers));
    return Math.max(0, ...counts.filter((count) => Number.isFinite(count)));
  }

  /** Whether this node is the one that does what one has to do: the first of those that are ready. */
  get leads(): boolean {
    const first = this.members.find(({ isAlive, report }) => isAlive && report.ready === true);
    return first?.node === this.#parts.sender.node;
  }

  /** How many of those that live come before this one. */
  get rank(): number {
    const living = this.members.filter(({ isAlive }) => isAlive);
    return Math.max(
      0,
      living.findIndex(({ node }) => node === this.#parts.sender.node),
    );
  }

  /** This node goes for good. */
  async leave(): Promise<void> {
    await this.#parts.engine.forget(this.#parts.sender.node);
  }
}

function parse({
  node,
  bytes,
  ageMs,
}: {
  node: string;
  bytes: Uint8Array;
  ageMs: number;
}): Member | undefined {
  try {
    const report = JSON.parse(Buffer.from(bytes).toString()) as Partial<NodeReport>;
    return { node, ageMs, isAlive: ageMs < livesMs, report };
  } catch {
    return undefined;
  }
}
