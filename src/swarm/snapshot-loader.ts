// How a swarm comes back into the store from a fragment: ages go on, the expired stay away, what is known is kept.

import { infoHashWords } from '../protocol/info-hash.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { countedFlag, partialFlag } from './block.ts';
import type { FamilyPeers } from './family-peers.ts';
import { FoundPeer } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import {
  downloadedMask,
  entryField,
  establishedFlag,
  familyRefAt,
  header,
  idleFlag,
  scopeMask,
  scopeShift,
  shardRow,
} from './layout.ts';
import { lock, unlock } from './lock.ts';
import { usualBlockPeers } from './size-classes.ts';
import { fragmentHead, peerWords4, peerWords6 } from './snapshot-format.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import { ageOf, tickBefore } from './tick.ts';

/** What has become of the peers that were read. */
export interface LoadedCounts {
  peers: number;
  /** Not seen for longer than the peer TTL by now. */
  expired: number;
  /** For which the memory limit left no room. */
  refused: number;
}

export class SnapshotLoader {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #clock: StoreClock;
  readonly #secondsPerTick: number;
  readonly #ttlSeconds: number;
  readonly counts: LoadedCounts = { peers: 0, expired: 0, refused: 0 };
  readonly #found = new FoundPeer();
  /** The info_hash of the last fragment. */
  readonly #swarm = new Int32Array(infoHashWords);
  /** Of the section that the next fragments come from: its time, and how long ago that was. */
  #sectionTick = 0;
  #sectionSecondsPerTick = 1;
  #sinceSection = 0;
  #tick = 0;
  #overwrite = true;
  /** For each family, where the last peers went, and how many were there then: nobody else's, while it is so many. */
  readonly #own = [
    { refAt: 0, peers: 0 },
    { refAt: 0, peers: 0 },
  ];

  constructor(words: Int32Array, table: InfoHashTable, entries: SwarmEntries, clock: StoreClock) {
    this.#clock = clock;
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#secondsPerTick = words[header.secondsPerTick];
    this.#ttlSeconds = words[header.ttlTicks] * this.#secondsPerTick;
  }

  /**
   * Says when the next fragments were written.
   * @param since seconds from then until now
   * @param now whole seconds of the monotonic clock
   * @param overwrite false where peers that the store has already are newer than what is read
   */
  begin(tick: number, secondsPerTick: number, since: number, now: number, overwrite: boolean): void {
    this.#sectionTick = tick;
    this.#sectionSecondsPerTick = secondsPerTick;
    this.#sinceSection = since;
    this.#tick = this.#clock.tick(now);
    this.#overwrite = overwrite;
  }

  /** The next fragment may hold peers that came before: they are looked for, whatever swarm they are in. */
  expectKnown(): void {
    for (const own of this.#own) own.refAt = 0;
  }

  /** Reads the fragment at word `at`; returns where it ends, or −1 when it would not end before `end`. */
  load(fragment: Int32Array, at: number, end: number): number {
    if (at + fragmentHead.size > end) return -1;
    const leechers4 = fragment[at + fragmentHead.peers4] & 0xffff;
    const peers4 = leechers4 + (fragment[at + fragmentHead.peers4] >>> 16);
    const leechers6 = fragment[at + fragmentHead.peers6] & 0xffff;
    const peers6 = leechers6 + (fragment[at + fragmentHead.peers6] >>> 16);
    const first4 = at + fragmentHead.size;
    const first6 = first4 + peers4 * peerWords4;
    const next = first6 + peers6 * peerWords6;
    if (next > end) return -1;

    this.#noteSwarm(fragment, at);
    const hash = this.#table.hash(fragment, at);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#enter(shard, hash, fragment, at);
      if (entry === 0) {
        this.counts.refused += peers4 + peers6;
        return next;
      }
      const hadPeers = this.#entries.hasPeers(entry);
      this.#loadFamily(shard, entry, 4, fragment, first4, peers4, leechers4);
      this.#loadFamily(shard, entry, 6, fragment, first6, peers6, leechers6);
      this.#settle(shard, entry, hadPeers);
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
    return next;
  }

  /** An entry may be another swarm's by now, so what is known of its references holds within one swarm only. */
  #noteSwarm(fragment: Int32Array, at: number): void {
    let isSame = true;
    for (let i = 0; i < infoHashWords; i++) {
      if (this.#swarm[i] === fragment[at + i]) continue;
      this.#swarm[i] = fragment[at + i];
      isSame = false;
    }
    if (!isSame) this.expectKnown();
  }

  #enter(shard: number, hash: number, fragment: Int32Array, at: number): number {
    const words = this.#words;
    const entry =
      this.#table.find(shard, hash, fragment, at) || this.#table.insert(shard, hash, fragment, at);
    if (entry === 0) return 0;
    const saved = fragment[at + fragmentHead.downloaded];
    this.#entries.noteScope(entry, (saved & scopeMask) >>> scopeShift);
    const downloaded = saved & downloadedMask;
    const known = words[entry + entryField.downloaded] | (saved & establishedFlag);
    words[entry + entryField.downloaded] = known;
    if (downloaded > (known & downloadedMask)) {
      words[entry + entryField.downloaded] = (known & ~downloadedMask) | downloaded;
    }
    return entry;
  }

  #loadFamily(
    shard: number,
    entry: number,
    family: 4 | 6,
    fragment: Int32Array,
    first: number,
    count: number,
    leechers: number,
  ): void {
    if (count === 0) return;
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const refAt = familyRefAt(entry, family);
    const size = peers.stride + peerIdWords;
    const leechersBefore = peers.leechers(refAt);
    const seedersBefore = peers.seeders(refAt);
    // As a rule the swarm is new: its block gets the right size at once, and nobody needs to be looked for, in the next
    // fragments neither, for a snapshot holds nobody twice.
    const own = this.#own[family === 4 ? 0 : 1];
    const isEmpty = this.#words[refAt] === 0;
    const fresh = isEmpty || (own.refAt === refAt && own.peers === leechersBefore + seedersBefore);
    if (isEmpty && count <= usualBlockPeers) {
      const living = this.#countLiving(fragment, first + peers.stride - 1, size, count);
      if (living > 0) peers.shape.reserve(refAt, living);
    }
    for (let i = 0, at = first; i < count; i++, at += size) {
      this.#loadPeer(peers, refAt, i >= leechers, fragment, at, fresh);
    }
    const leechersAdded = peers.leechers(refAt) - leechersBefore;
    this.#entries.count(shard, family, leechersAdded, peers.seeders(refAt) - seedersBefore);
    if (!fresh) return;
    own.refAt = refAt;
    own.peers = peers.leechers(refAt) + peers.seeders(refAt);
  }

  #countLiving(fragment: Int32Array, firstLastWord: number, size: number, count: number): number {
    let living = 0;
    for (let i = 0, at = firstLastWord; i < count; i++, at += size) {
      if (this.#age(fragment[at]) <= this.#ttlSeconds) living++;
    }
    return living;
  }

  #loadPeer(
    peers: FamilyPeers,
    refAt: number,
    seeder: boolean,
    fragment: Int32Array,
    at: number,
    fresh: boolean,
  ): void {
    const idAt = at + peers.stride;
    const lastWord = fragment[idAt - 1];
    const age = this.#age(lastWord);
    if (age > this.#ttlSeconds) {
      this.counts.expired++;
      return;
    }
    const port = lastWord & 0xffff;
    const seen = tickBefore(this.#tick, Math.floor(age / this.#secondsPerTick));
    const kept = seeder ? countedFlag : countedFlag | partialFlag;
    const state = ((lastWord >>> 16) & kept) | seen;
    let stored = true;
    const found = this.#found;
    if (fresh || !peers.find(refAt, fragment, at, port, seeder, found)) {
      stored = peers.insert(refAt, seeder, fragment, at, port | (state << 16), fragment, idAt);
    } else if (this.#overwrite && (found.isSeeder === seeder || peers.changeRole(refAt, found))) {
      peers.setState(refAt, found, state);
      peers.setPeerId(found, fragment, idAt);
      return;
    } else {
      return;
    }
    if (stored) this.counts.peers++;
    else this.counts.refused++;
  }

  #age(lastWord: number): number {
    return ageOf(lastWord >>> 16, this.#sectionTick) * this.#sectionSecondsPerTick + this.#sinceSection;
  }

  /** Counts a swarm that has peers now, and lets one go that has neither peers nor a counter to remember. */
  #settle(shard: number, entry: number, hadPeers: boolean): void {
    if (hadPeers) return;
    const isIdle = (this.#words[entry + entryField.downloaded] & idleFlag) !== 0;
    if (isIdle && !this.#entries.hasPeers(entry)) return;
    this.#entries.countSwarm(shard, entry);
    this.#entries.releaseIfEmpty(shard, entry);
  }
}
