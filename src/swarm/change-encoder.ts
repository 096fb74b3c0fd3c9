// How the changes since a copy was begun become sections: for each name in the journal, what has become of the peer.

import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { peerIdAt, recordAt } from './block.ts';
import {
  changeName,
  changeOfSwarm,
  familyMask,
  JournalReader,
  journalPage,
  namesPerPage,
} from './change-journal.ts';
import { FoundPeer } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { entryField, familyRefAt, header, savedMask, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import {
  fragmentHead,
  goneFlag,
  peerWords6,
  type SnapshotClock,
  sealSection,
  sectionHeader,
  sectionKind,
} from './snapshot-format.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';

/** Made for one copy of the store by one thread; the journal is open from then until `close`. */
export class ChangeEncoder {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #clock: StoreClock;
  readonly #section = new Int32Array(sectionHeader.size + namesPerPage * (fragmentHead.size + peerWords6));
  readonly #found = new FoundPeer();
  #page = 0;
  #at = 0;
  /** How many names the last section was made of. */
  names = 0;

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries, clock: StoreClock) {
    this.#clock = clock;
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    entries.journal.open(JournalReader.copy);
  }

  /**
   * The next section of changes, overwritten by the next call; `undefined` when all that were noted so far are written.
   * @throws Error when there were too many to note them all
   */
  next(clock: SnapshotClock): Uint8Array | undefined {
    if (this.#entries.journal.isIncomplete(JournalReader.copy))
      throw new Error('more has changed than there is room to note while the swarms are copied');
    if (this.#page === 0) this.#page = this.#entries.journal.takePage(JournalReader.copy);
    if (this.#page === 0) return undefined;
    this.#at = sectionHeader.size;
    const end = this.#page + this.#words[this.#page + journalPage.end];
    for (let name = this.#page + journalPage.size; name < end; name += changeName.size) this.#write(name);
    this.names = (end - this.#page - journalPage.size) / changeName.size;
    this.#entries.journal.freePage(JournalReader.copy, this.#page);
    this.#page = 0;
    return this.#seal(sectionKind.changes, clock);
  }

  /** Whether so much is noted that some of it should be read before anything else. */
  get isFilling(): boolean {
    return this.#entries.journal.isFilling;
  }

  /** The section that says that no more comes for now. */
  end(clock: SnapshotClock): Uint8Array {
    this.#at = sectionHeader.size;
    this.names = 0;
    return this.#seal(sectionKind.end, clock);
  }

  /** Nothing is noted any more. */
  close(): void {
    if (this.#page !== 0) this.#entries.journal.freePage(JournalReader.copy, this.#page);
    this.#page = 0;
    this.#entries.journal.close(JournalReader.copy);
  }

  #write(name: number): void {
    const words = this.#words;
    const hash = this.#table.hash(words, name);
    const shard = this.#table.shardOf(hash);
    lock(words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, words, name);
      const head = this.#at;
      for (let i = 0; i < infoHashWords; i++) this.#section[head + i] = words[name + i];
      const saved = entry === 0 ? 0 : words[entry + entryField.downloaded] & savedMask;
      this.#section[head + fragmentHead.downloaded] = saved;
      this.#section[head + fragmentHead.peers4] = this.#section[head + fragmentHead.peers6] = 0;
      this.#at += fragmentHead.size;
      const family = words[name + changeName.family] & familyMask;
      if (family === changeOfSwarm.forgotten) this.#section[head + fragmentHead.downloaded] = goneFlag;
      else if (family !== changeOfSwarm.downloaded) this.#writePeer(head, entry, name, family === 4 ? 4 : 6);
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  #writePeer(head: number, entry: number, name: number, family: 4 | 6): void {
    const words = this.#words;
    const section = this.#section;
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const refAt = familyRefAt(entry, family);
    const address = name + changeName.address;
    const port = words[name + changeName.port];
    const found = this.#found;
    const isThere = entry !== 0 && peers.find(refAt, words, address, port, false, found);
    const { stride } = peers;
    if (isThere) {
      const record = recordAt(found.block, stride, found.index);
      const id = peerIdAt(words, found.block, stride, found.index);
      for (let i = 0; i < stride; i++) section[this.#at++] = words[record + i];
      for (let i = 0; i < peerIdWords; i++) section[this.#at++] = words[id + i];
    } else {
      section[head + fragmentHead.downloaded] |= goneFlag;
      for (let i = 0; i < stride - 1; i++) section[this.#at++] = words[address + i];
      section[this.#at++] = port;
      for (let i = 0; i < peerIdWords; i++) section[this.#at++] = 0;
    }
    const counts = head + (family === 4 ? fragmentHead.peers4 : fragmentHead.peers6);
    section[counts] = isThere && found.isSeeder ? 0x10000 : 1;
  }

  #seal(kind: number, clock: SnapshotClock): Uint8Array {
    const section = this.#section;
    const secondsPerTick = this.#words[header.secondsPerTick];
    section.fill(0, 0, sectionHeader.size);
    section[sectionHeader.kind] = kind;
    section[sectionHeader.secondsPerTick] = secondsPerTick;
    section[sectionHeader.tick] = this.#clock.tick(clock.monotonic);
    sealSection(section, this.#at - sectionHeader.size, clock);
    return new Uint8Array(section.buffer, 0, this.#at * 4);
  }
}
