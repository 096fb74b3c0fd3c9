// Fetching what a batch of named peers will need before the first of them is looked up, as LookAhead does for announces.
//
// Beyond the table, the entry and the head of its peers, the block of a large swarm that may hold the peer is fetched too,
// which takes two more steps. What is read is only a hint: no lock is held and nothing depends on it.

import type { InfoHashTable } from './info-hash-table.ts';
import { setOf } from './large-swarm.ts';
import { familyRefAt, shardRow } from './layout.ts';
import { mostAhead } from './look-ahead.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import type { ToldPeer } from './told-peer.ts';

const cacheLineWords = 16;

export class PeersAhead {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #at = new Int32Array(mostAhead);

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
  }

  /** For the first `count` peers, `mostAhead` at most; `seeder` says in which of a large swarm's sets each may be. */
  touch(peers: readonly ToldPeer[], count: number): void {
    const words = this.#words;
    const table = this.#table;
    const at = this.#at;
    for (let i = 0; i < count; i++) {
      const hash = table.hash(peers[i].infoHash, 0);
      const shard = table.shardOf(hash);
      const mask = (1 << words[shard + shardRow.tableBits]) - 1;
      at[i] = words[shard + shardRow.table] + (hash & mask);
    }
    // A table that is just being replaced leads anywhere within the store, and reading there harms nobody.
    for (let i = 0; i < count; i++) at[i] = table.entryOf(words[at[i]]);
    for (let i = 0; i < count; i++) at[i] = words[familyRefAt(at[i], peers[i].family)];
    // Of a large swarm the pointer in its directory, negated; the others have a block already.
    for (let i = 0; i < count; i++) if (at[i] < 0) at[i] = -this.#pointerOf(at[i], peers[i]);
    for (let i = 0; i < count; i++) if (at[i] < 0) at[i] = words[-at[i]];
    // Written down, because the compiler leaves out a read that nobody uses.
    for (let i = 0; i < count; i++) at[i] = words[at[i]] ^ words[at[i] + cacheLineWords];
  }

  #pointerOf(ref: number, { address, port, family, seeder }: ToldPeer): number {
    const { sets } = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const set = setOf(ref, seeder);
    return sets.pointerAt(set, sets.pointerFor(set, sets.hash(address, 0, port)));
  }
}
