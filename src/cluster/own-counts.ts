// How many WebTorrent peers this node has in each swarm, told to the others: what has changed every few seconds, and all of
// it once a minute, for those who have missed something or have just joined.
//
// Such a peer is reached through its connection, so it is no use to other nodes, and only how many there are travels.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { swarmField } from '../swarm/shard-swarms.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { messageRoom } from './cluster-parts.ts';
import { CountsWriter } from './counts-message.ts';

const changesEveryMs = 5000;
const allEveryMs = 60_000;
const shardsPerSlice = 64;
/** Beyond so many swarms others are not told of the rest. */
const mostSwarms = 1 << 16;

interface Told {
  readonly infoHash: Int32Array;
  seeders: number;
  leechers: number;
  /** In which look at the store it was there last. */
  look: number;
}

export interface OwnCountsParts {
  readonly store: SwarmStore;
  readonly now: () => number;
  /** Sends the body of a message. */
  send(body: Uint8Array): void;
}

export class OwnCounts {
  readonly #parts: OwnCountsParts;
  readonly #told = new Map<string, Told>();
  readonly #writer = new CountsWriter(messageRoom);
  #statement = 0;
  #look = 0;
  #changesAt = 0;
  #allAt = 0;
  #isLooking = false;

  constructor(parts: OwnCountsParts) {
    this.#parts = parts;
  }

  /** Somebody has joined, or may have missed something: all is told with the next beat. */
  tellAll(): void {
    this.#allAt = this.#changesAt = 0;
  }

  /** With every beat; nothing is told while the engine takes nothing, because all of it would have to be told again. */
  async beat(isReached: boolean): Promise<void> {
    const now = this.#parts.now();
    if (!isReached) this.tellAll();
    if (!isReached || this.#isLooking || now < this.#changesAt) return;
    this.#isLooking = true;
    const isAll = now >= this.#allAt;
    this.#changesAt = now + changesEveryMs;
    if (isAll) this.#allAt = now + allEveryMs;
    try {
      await this.#tell(isAll);
    } finally {
      this.#isLooking = false;
    }
  }

  /** This node goes, and its peers with it. */
  leave(): void {
    if (this.#told.size === 0) return;
    // What the statement before has named is gone with the second one.
    this.#writer.begin(this.#statement + 2);
    this.#parts.send(this.#writer.body);
  }

  async #tell(isAll: boolean): Promise<void> {
    const { store } = this.#parts;
    if (this.#told.size === 0 && store.totals().connectionSwarms === 0) return;
    this.#look++;
    if (isAll) this.#statement++;
    this.#writer.begin(this.#statement);
    const { counts } = store.connections;
    for (let shard = 0; shard < counts.shardCount; shard++) {
      const swarms = counts.readShard(shard);
      for (let at = 0; at < swarms.length; at += swarmField.size) this.#tellOf(swarms, at, isAll);
      if (shard % shardsPerSlice === 0) await nextTurn();
    }
    for (const [key, told] of this.#told) {
      if (told.look === this.#look) continue;
      this.#told.delete(key);
      this.#write(told.infoHash, 0, 0);
    }
    // An empty statement says that there is nothing any more.
    if (isAll || !this.#writer.isEmpty) this.#parts.send(this.#writer.body);
  }

  #tellOf(swarms: Int32Array, at: number, isAll: boolean): void {
    const seeders = swarms[at + swarmField.complete];
    const leechers = swarms[at + swarmField.incomplete];
    if (seeders + leechers === 0) return;
    const infoHash = swarms.slice(at, at + 5);
    const key = infoHash.join();
    const told = this.#told.get(key);
    if (told === undefined && this.#told.size >= mostSwarms) return;
    const isSame = told?.seeders === seeders && told.leechers === leechers;
    this.#told.set(key, { infoHash, seeders, leechers, look: this.#look });
    if (isAll || !isSame) this.#write(infoHash, seeders, leechers);
  }

  #write(infoHash: Int32Array, seeders: number, leechers: number): void {
    if (!this.#writer.hasRoom) {
      this.#parts.send(this.#writer.body);
      this.#writer.begin(this.#statement);
    }
    this.#writer.add(infoHash, seeders, leechers);
  }
}
