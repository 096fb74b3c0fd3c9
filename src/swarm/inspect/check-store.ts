// Whether the store's memory is whole: every object has one owner, every list and every count is true.
//
// For tests and debuggers, and only while nobody changes the store: no lock is taken. It says what is wrong in words,
// and how much memory is in use for what lives in it (docs/decisions.md states the bound).

import { peerIdWords } from '../../protocol/peer-id.ts';
import { changeName, journalPage } from '../change-journal.ts';
import type { FamilyPeers } from '../family-peers.ts';
import { InfoHashTable } from '../info-hash-table.ts';
import { chunkBytes, entryField, header, idleFlag, magic, shardRow } from '../layout.ts';
import { entryClass, maxTableBits, sizeClasses, tableClass } from '../size-classes.ts';
import { SlabAllocator } from '../slab-allocator.ts';
import { SwarmEntries } from '../swarm-entries.ts';
import { Findings } from './findings.ts';
import { hexOf } from './hex.ts';
import { ObjectLedger } from './object-ledger.ts';
import { SwarmCheck } from './swarm-check.ts';

/** What a swarm needs besides its records: an entry, a slot of the table, a block's head. */
const liveSwarmBytes = 32 + 4 + 8;

export interface StoreCheck {
  /** Empty when all is well. */
  faults: readonly string[];
  /** The least that what lives in the store needs: 28 bytes an IPv4 peer, 40 an IPv6 peer, 44 a swarm. */
  liveBytes: number;
  /** Bytes of chunks that belong to a size class. */
  bytesInUse: number;
  /** Objects with an owner, and chunks, of each size class. */
  objects: Int32Array;
  chunks: Int32Array;
}

/** Reads all of a store's memory. Throws TypeError when it is none. */
export function checkStore(buffer: SharedArrayBuffer): StoreCheck {
  const words = new Int32Array(buffer);
  if (words[header.magic] !== magic) throw new TypeError('not the memory of a swarm store');
  const findings = new Findings();
  const ledger = new ObjectLedger(words, findings);
  const allocator = new SlabAllocator(words);
  const table = new InfoHashTable(words, allocator);
  const shards = new ShardCheck(words, table, new SwarmEntries(words, allocator, table), ledger, findings);
  for (let index = 0; index < table.allShards; index++) shards.check(index);
  findings.expect('idle swarms', words[header.idleSwarms], shards.idleSwarms);
  for (const lock of ['poolLock', 'evictLock', 'journalLock'] as const)
    findings.expect(lock, words[header[lock]], 0);
  checkJournal(words, ledger, findings);
  // Pages that a copy of the store has taken out belong to it, and nothing in memory says so.
  const isCopied = words[header.journalOpen] !== 0;
  ledger.settle((sizeClass) => isCopied && sizeClass === tableClass(maxTableBits));
  return {
    faults: findings.faults,
    liveBytes: shards.liveBytes,
    bytesInUse: ledger.chunks.reduce((sum, chunks) => sum + chunks, 0) * chunkBytes,
    objects: ledger.objects,
    chunks: ledger.chunks,
  };
}

function checkJournal(words: Int32Array, ledger: ObjectLedger, findings: Findings): void {
  const seen = new Set<number>();
  for (let reader = 0; reader < 2; reader++) {
    for (
      let page = words[header.journalNextPages + reader];
      page !== 0;
      page = words[page + journalPage.next]
    ) {
      if (seen.has(page)) break;
      seen.add(page);
      if (!ledger.claim(page, tableClass(maxTableBits), 'the journal')) return;
      const names = words[page + journalPage.end] - journalPage.size;
      if (names < 0 || names % changeName.size !== 0 || names > sizeClasses[tableClass(maxTableBits)])
        findings.add(`the journal's page ${page} holds ${names} words`);
    }
  }
  const last = words[header.journalLastPage];
  if (words[header.journalOpen] === 0) findings.expect("the journal's last page", last, 0);
}

class ShardCheck {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #ledger: ObjectLedger;
  readonly #findings: Findings;
  readonly #swarms: SwarmCheck;
  idleSwarms = 0;
  liveBytes = 0;

  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    ledger: ObjectLedger,
    findings: Findings,
  ) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#ledger = ledger;
    this.#findings = findings;
    this.#swarms = new SwarmCheck(words, ledger, findings);
  }

  check(index: number): void {
    const words = this.#words;
    const shard = this.#table.shardAt(index);
    const counted = { entries: 0, swarms: 0, leechers4: 0, seeders4: 0, leechers6: 0, seeders6: 0 };
    this.#findings.expect(`lock of shard ${index}`, words[shard + shardRow.lock], 0);
    const table = words[shard + shardRow.table];
    const sizeClass = tableClass(words[shard + shardRow.tableBits]);
    const hasTable = table !== 0 && this.#ledger.claim(table, sizeClass, `shard ${index}'s table`);
    for (let position = 0; hasTable && position < this.#table.slots(shard); position++) {
      const entry = this.#table.entryIn(shard, position);
      if (entry === 0) continue;
      counted.entries++;
      if (!this.#ledger.claim(entry, entryClass, `slot ${position} of shard ${index}`)) continue;
      const name = `swarm ${hexOf(words, entry)}`;
      this.#checkPlace(shard, entry, name);
      const four = this.#swarms.check(entry, 4, this.#entries.peers4, name);
      const six = this.#swarms.check(entry, 6, this.#entries.peers6, name);
      counted.leechers4 += four.leechers;
      counted.seeders4 += four.seeders;
      counted.leechers6 += six.leechers;
      counted.seeders6 += six.seeders;
      this.liveBytes += liveSwarmBytes;
      if ((words[entry + entryField.downloaded] & idleFlag) !== 0) this.idleSwarms++;
      else counted.swarms++;
      if (!this.#entries.hasPeers(entry) && (words[entry + entryField.downloaded] & idleFlag) === 0)
        this.#findings.add(`${name} has no peers and is not idle`);
    }
    for (const [field, count] of Object.entries(counted) as [keyof typeof counted, number][])
      this.#findings.expect(`${field} of shard ${index}`, words[shard + shardRow[field]], count);
    this.liveBytes += (counted.leechers4 + counted.seeders4) * recordBytes(this.#entries.peers4);
    this.liveBytes += (counted.leechers6 + counted.seeders6) * recordBytes(this.#entries.peers6);
  }

  /** The swarm is found under its info_hash, in this shard. */
  #checkPlace(shard: number, entry: number, name: string): void {
    const hash = this.#table.hash(this.#words, entry);
    const home =
      shard < this.#table.shardAt(this.#table.shardCount)
        ? this.#table.shardOf(hash)
        : this.#table.connectionShardOf(hash);
    if (home !== shard) this.#findings.add(`${name} stands in another shard's table`);
    else if (this.#table.find(shard, hash, this.#words, entry) !== entry)
      this.#findings.add(`${name} is not found, or twice in its table`);
  }
}

function recordBytes({ stride }: FamilyPeers): number {
  return (stride + peerIdWords) * 4;
}
