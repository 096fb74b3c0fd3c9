// A node of a cluster for tests of what is told and believed: a store, its news, and a clock that agrees with nobody's.
import { ClusterClock } from '../../src/cluster/cluster-clock.ts';
import { Merge } from '../../src/cluster/merge.ts';
import type { WireRecord } from '../../src/cluster/record-layout.ts';
import { RecordReader } from '../../src/cluster/record-reader.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { MessageKind, MessageWriter, openMessage, sealMessage } from '../../src/cluster/wire.ts';
import { writeNews } from '../../src/cluster/write-news.ts';
import { writeState } from '../../src/cluster/write-state.ts';
import { Event } from '../../src/protocol/event.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { createStore, Visit } from '../swarm/visit.ts';

const signature = createSignature('');

export class MergingNode {
  readonly store: SwarmStore = createStore(16 * 1024 ** 2, 3600);
  readonly merge: Merge;
  /** What it says of its own accord; the news that it takes out come here too. */
  readonly contradictions: WireRecord[] = [];
  readonly #clock = new ClusterClock();
  readonly #news = this.store.createPeerNews();
  readonly #writer: MessageWriter;
  readonly #visit = new Visit();
  /** How far its monotonic clock is from the test's. */
  readonly #offsetMs: number;
  #number = 0;

  constructor(node: string, offsetMs: number, refreshTicks = 1200) {
    this.#offsetMs = offsetMs;
    this.#writer = new MessageWriter({ node, incarnation: BigInt(offsetMs + 1) }, 65_536);
    this.merge = new Merge(this.store.createRemotePeers(), (record) =>
      this.contradictions.push(structuredClone(record)),
    );
    this.#news.open(refreshTicks);
  }

  announce(now: number, swarm: number, family: 4 | 6, peer: number, event: Event, seeding = false): void {
    const visit = this.#visit.setSwarm(swarm).setPeer(family, peer);
    visit.event = event;
    visit.seeding = seeding;
    this.store.announce(visit, 0, this.seconds(now));
  }

  /** What it has to tell, as a message; `undefined` for nothing. */
  tell(now: number): Uint8Array | undefined {
    this.#writer.begin(MessageKind.news, ++this.#number, 1);
    for (const record of this.contradictions.splice(0)) this.#writer.peer(record);
    writeNews(this.#news, this.merge, this.#writer, now + this.#offsetMs);
    return this.#sealed();
  }

  /** Everything that it knows. */
  park(now: number): Uint8Array {
    this.#writer.begin(MessageKind.parked, 0, 1);
    const reader = this.store.createPeerReader();
    while (!reader.done) writeState(reader, () => true, this.#writer, this.seconds(now));
    return this.#sealed() ?? new Uint8Array();
  }

  /** @param engineMs how long the message has lain in the engine */
  hear(message: Uint8Array, now: number, engineMs: number): void {
    const found = openMessage(message, signature);
    if (typeof found !== 'object') throw new Error(found);
    const own = now + this.#offsetMs;
    const at = this.#clock.timeOf(found, own, engineMs);
    const reader = new RecordReader(found);
    while (reader.next()) {
      const { record, downloaded } = reader;
      if (downloaded >= 0) this.merge.total(record.infoHash, downloaded);
      else if (found.kind === MessageKind.news) this.merge.news(record, at, 1, own);
      else this.merge.parked(record, own - engineMs, 1, own);
    }
  }

  /** Who is where, in which role, and how often each swarm was downloaded. */
  content(now: number): Map<string, string> {
    const content = new Map<string, string>();
    const reader = this.store.createPeerReader();
    while (!reader.done) {
      reader.read(this.seconds(now), {
        swarm: (infoHash, downloaded) => {
          if (downloaded > 0) content.set(`${infoHash[0]}`, `${downloaded} times`);
        },
        peer: ({ infoHash, address, family, port, seeder, partial }) => {
          const role = seeder ? 'seeder' : partial ? 'partial' : 'leecher';
          content.set(`${infoHash[0]} ${family} ${address.join('.')} ${port}`, role);
        },
      });
    }
    return new Map([...content].sort());
  }

  /** Of its monotonic clock. */
  seconds(now: number): number {
    return Math.floor((now + this.#offsetMs) / 1000);
  }

  #sealed(): Uint8Array | undefined {
    if (this.#writer.records === 0) return undefined;
    const message = this.#writer.end();
    sealMessage(message, 0, signature);
    return message;
  }
}

export { Event };
