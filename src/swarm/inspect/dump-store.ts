// The store's memory as a person reads it: one swarm with its blocks and peers, one shard's swarms, or the size classes.
//
// For tests and debuggers, while nobody changes the store; see CONTRIBUTING.md for ways to call it.

import { decodeIpWords, formatEndpoint } from '../../protocol/ip-address.ts';
import {
  capacityOf,
  countedFlag,
  depthOf,
  leechersIn,
  partialFlag,
  peerIdAt,
  peersIn,
  recordAt,
} from '../block.ts';
import type { FamilyPeers } from '../family-peers.ts';
import { InfoHashTable } from '../info-hash-table.ts';
import { setOf } from '../large-swarm.ts';
import {
  chunkWords,
  entryField,
  establishedFlag,
  header,
  idleFlag,
  mixedScopes,
  shardRow,
} from '../layout.ts';
import { setField } from '../peer-set.ts';
import { capacityOfClass, sizeClasses } from '../size-classes.ts';
import { SlabAllocator } from '../slab-allocator.ts';
import { SwarmEntries } from '../swarm-entries.ts';
import { tickIn } from '../tick.ts';
import { checkStore } from './check-store.ts';
import { hexOf } from './hex.ts';

const scopeNames = ['public', 'private', 'loopback', 'mixed'];

/** The swarm with this info_hash, 40 hexadecimal digits: its entry, its blocks, every peer. */
export function dumpSwarm(buffer: SharedArrayBuffer, infoHash: string): string {
  const store = new Dump(buffer);
  const entry = store.find(infoHash);
  return entry === 0 ? `no swarm ${infoHash}` : store.swarm(entry, true).join('\n');
}

/** Shard number `index`: its table, and a line or so for each of its swarms. @throws RangeError where there is none */
export function dumpShard(buffer: SharedArrayBuffer, index: number): string {
  const shards = new Int32Array(buffer)[header.shards];
  if (!(index >= 0 && index < shards))
    throw new RangeError(`there are shards 0 to ${shards - 1}, not ${index}`);
  return new Dump(buffer).shard(index).join('\n');
}

/** How full the chunks of each size class are, and whether the store is whole. */
export function dumpMemory(buffer: SharedArrayBuffer): string {
  const { faults, liveBytes, bytesInUse, objects, chunks } = checkStore(buffer);
  const lines = [`${bytesInUse} bytes in use, ${liveBytes} bytes live`];
  for (let sizeClass = 0; sizeClass < sizeClasses.length; sizeClass++) {
    if (chunks[sizeClass] === 0) continue;
    const room = chunks[sizeClass] * Math.floor(chunkWords / sizeClasses[sizeClass]);
    const holds = capacityOfClass[sizeClass] === 0 ? '' : `, blocks of ${capacityOfClass[sizeClass]}`;
    lines.push(
      `class ${sizeClass} (${sizeClasses[sizeClass] * 4} bytes${holds}): ${chunks[sizeClass]} chunks, ` +
        `${objects[sizeClass]} of ${room} objects in use`,
    );
  }
  return [...lines, ...(faults.length === 0 ? ['no faults'] : faults)].join('\n');
}

class Dump {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    const allocator = new SlabAllocator(this.#words);
    this.#table = new InfoHashTable(this.#words, allocator);
    this.#entries = new SwarmEntries(this.#words, allocator, this.#table);
  }

  find(infoHash: string): number {
    const bytes = Uint8Array.from({ length: 20 }, (_, i) =>
      Number.parseInt(infoHash.slice(2 * i, 2 * i + 2), 16),
    );
    const wanted = new Int32Array(bytes.buffer);
    const hash = this.#table.hash(wanted, 0);
    return this.#table.find(this.#table.shardOf(hash), hash, wanted, 0);
  }

  shard(index: number): string[] {
    const words = this.#words;
    const at = this.#table.shardAt(index);
    const lines = [
      `shard ${index}: lock ${words[at + shardRow.lock]}, ${words[at + shardRow.entries]} entries in ` +
        `${this.#table.slots(at)} slots, ${words[at + shardRow.swarms]} swarms with peers`,
    ];
    for (let position = 0; position < this.#table.slots(at); position++) {
      const entry = this.#table.entryIn(at, position);
      if (entry !== 0) lines.push(...this.swarm(entry, false).map((line) => `  ${line}`));
    }
    return lines;
  }

  swarm(entry: number, withPeers: boolean): string[] {
    const word = this.#words[entry + entryField.downloaded];
    const marks = [
      scopeNames[this.#entries.scope(entry) & mixedScopes],
      word & establishedFlag ? 'established' : 'on probation',
      ...(word & idleFlag ? ['idle'] : []),
    ];
    return [
      `swarm ${hexOf(this.#words, entry)} at ${entry}: complete ${this.#entries.complete(entry)}, ` +
        `incomplete ${this.#entries.incomplete(entry)}, downloaded ${this.#entries.downloaded(entry)}; ${marks.join(', ')}`,
      ...this.#family(entry + entryField.peers4, 4, this.#entries.peers4, withPeers),
      ...this.#family(entry + entryField.peers6, 6, this.#entries.peers6, withPeers),
    ];
  }

  #family(refAt: number, family: 4 | 6, peers: FamilyPeers, withPeers: boolean): string[] {
    const ref = this.#words[refAt];
    if (ref === 0) return [];
    if (ref > 0) return this.#block(`IPv${family}`, ref, family, peers, withPeers, undefined);
    const lines = [`  IPv${family}: large swarm at ${-ref}`];
    for (const seeders of [false, true]) {
      const set = setOf(ref, seeders);
      const role = seeders ? 'seeders' : 'leechers';
      const size = 1 << this.#words[set + setField.depth];
      lines.push(`  ${role}: directory of ${size} at ${this.#words[set + setField.directory]}`);
      for (let pointer = 0; pointer < size; ) {
        const block = peers.sets.blockAt(set, pointer);
        const name = `${role} from ${pointer} of ${size}, depth ${depthOf(this.#words, block)}`;
        lines.push(...this.#block(name, block, family, peers, withPeers, seeders));
        pointer += peers.sets.spanOf(set, block);
      }
    }
    return lines;
  }

  /** `seeders` says what all records of a set's block are. */
  #block(
    name: string,
    block: number,
    family: 4 | 6,
    { stride }: FamilyPeers,
    withPeers: boolean,
    seeders: boolean | undefined,
  ): string[] {
    const words = this.#words;
    const count = peersIn(words, block);
    const lines = [`  ${name}: block at ${block}, ${count} of ${capacityOf(words, block)} places taken`];
    for (let i = 0; withPeers && i < count; i++) {
      const record = recordAt(block, stride, i);
      const last = words[record + stride - 1];
      const port = ((last & 0xff) << 8) | ((last >>> 8) & 0xff);
      const state = last >>> 16;
      const seeder = seeders ?? i >= leechersIn(words, block);
      const notes = [
        seeder ? 'seeder' : state & partialFlag ? 'partial seed' : 'leecher',
        `seen at tick ${tickIn(state)}`,
        ...(state & countedFlag ? ['completed was counted'] : []),
      ];
      const id = hexOf(words, peerIdAt(words, block, stride, i));
      lines.push(
        `    ${formatEndpoint(decodeIpWords(words, record, family), port)} ${id} ${notes.join(', ')}`,
      );
    }
    return lines;
  }
}
