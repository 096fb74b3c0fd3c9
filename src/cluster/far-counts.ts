// How many WebTorrent peers the other nodes have in each swarm, added up and written where scrapes and announces read it.
//
// A node that has said nothing for some time has its counts forgotten: it died, or nobody knows.
import type { ConnectionCounts } from '../swarm/connection-counts.ts';
import { readCounts } from './counts-message.ts';
import type { Message } from './wire.ts';

/** Three times as long as from one statement of a node to the next. */
const lastsMs = 180_000;
/** Of all nodes together; of the rest nothing is known. */
const mostSwarms = 1 << 17;
const mostNodes = 64;

interface Counted {
  readonly infoHash: Int32Array;
  seeders: number;
  leechers: number;
  statement: number;
}

interface Told {
  incarnation: bigint;
  statement: number;
  heardAt: number;
  readonly swarms: Map<string, Counted>;
}

export class FarCounts {
  readonly #counts: ConnectionCounts;
  readonly #nodes = new Map<string, Told>();

  constructor(counts: ConnectionCounts) {
    this.#counts = counts;
  }

  /** What another node has told. @param now milliseconds */
  hear({ node: name, incarnation, body }: Message, now: number): void {
    const told = readCounts(body);
    if (told === undefined) return;
    const node = this.#nodeOf(name, incarnation);
    if (node === undefined) return;
    node.heardAt = now;
    if (told.statement > node.statement) this.#beginStatement(node, told.statement);
    for (const { infoHash, seeders, leechers } of told.records) {
      const key = infoHash.join();
      const known = node.swarms.get(key);
      if (seeders + leechers === 0) node.swarms.delete(key);
      else if (known === undefined && this.#isFull) continue;
      else {
        const { statement } = node;
        node.swarms.set(key, { infoHash: infoHash.slice(), seeders, leechers, statement });
      }
      // One that is told of again may have been evicted here.
      this.#sumUp(key, infoHash);
    }
  }

  /** With every beat: forgets nodes that have been silent for too long. */
  beat(now: number): void {
    for (const [name, node] of this.#nodes) {
      if (now - node.heardAt <= lastsMs) continue;
      this.#forgetSwarms(node, () => true);
      this.#nodes.delete(name);
    }
  }

  get #isFull(): boolean {
    let swarms = 0;
    for (const node of this.#nodes.values()) swarms += node.swarms.size;
    return swarms >= mostSwarms;
  }

  #nodeOf(name: string, incarnation: bigint): Told | undefined {
    const known = this.#nodes.get(name);
    if (known?.incarnation === incarnation) return known;
    if (known === undefined && this.#nodes.size >= mostNodes) return undefined;
    // It has started anew, and nobody is connected to what it was.
    if (known) this.#forgetSwarms(known, () => true);
    const node = { incarnation, statement: 0, heardAt: 0, swarms: new Map<string, Counted>() };
    this.#nodes.set(name, node);
    return node;
  }

  #beginStatement(node: Told, statement: number): void {
    node.statement = statement;
    this.#forgetSwarms(node, (swarm) => swarm.statement < statement - 1);
  }

  #forgetSwarms(node: Told, isGone: (swarm: Counted) => boolean): void {
    for (const [key, swarm] of node.swarms) {
      if (!isGone(swarm)) continue;
      node.swarms.delete(key);
      this.#sumUp(key, swarm.infoHash);
    }
  }

  #sumUp(key: string, infoHash: Int32Array): void {
    let [seeders, leechers] = [0, 0];
    for (const { swarms } of this.#nodes.values()) {
      const swarm = swarms.get(key);
      seeders += swarm?.seeders ?? 0;
      leechers += swarm?.leechers ?? 0;
    }
    this.#counts.noteFar(infoHash, 0, seeders, leechers);
  }
}
