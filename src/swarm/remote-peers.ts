// How what other machines tell of a peer reaches this store, under the lock under which it could announce here meanwhile.

import { peerIdWords } from '../protocol/peer-id.ts';
import { AddressCaps } from './address-caps.ts';
import { countedFlag, partialFlag, recordAt, remoteFlag } from './block.ts';
import { ChangeFlag } from './change-journal.ts';
import type { Evictor } from './evictor.ts';
import type { FamilyPeers } from './family-peers.ts';
import { FoundPeer } from './found-peer.ts';
import type { InfoHashTable } from './info-hash-table.ts';
import { downloadedMask, entryField, familyRefAt, header, shardRow } from './layout.ts';
import { lock, unlock } from './lock.ts';
import { PeersAhead } from './peers-ahead.ts';
import type { StoreClock } from './store-clock.ts';
import type { SwarmEntries } from './swarm-entries.ts';
import { ageOf, tickBefore } from './tick.ts';
import type { NamedPeer, ToldPeer } from './told-peer.ts';

/** What became of it: `newer` when what is known here is; `refused` where memory, or its address's share, is full. */
export const Told = { same: 0, changed: 1, newer: 2, refused: 3 } as const;
export type Told = (typeof Told)[keyof typeof Told];

const attemptsWhenFull = 3;
/** Nobody tells other machines what a peer calls itself. */
const noPeerId = new Int32Array(peerIdWords);

export class RemotePeers {
  readonly #words: Int32Array;
  readonly #table: InfoHashTable;
  readonly #entries: SwarmEntries;
  readonly #clock: StoreClock;
  readonly #evictor: Evictor;
  readonly #caps: AddressCaps;
  readonly #peersAhead: PeersAhead;
  readonly #found = new FoundPeer();
  readonly #crowding = new FoundPeer();
  /** After `newer`: how many ticks newer than what is told that is which the peer itself has said here; 0 where it has not. */
  newerBy = 0;

  constructor(
    words: Int32Array,
    table: InfoHashTable,
    entries: SwarmEntries,
    clock: StoreClock,
    evictor: Evictor,
  ) {
    this.#words = words;
    this.#table = table;
    this.#entries = entries;
    this.#clock = clock;
    this.#evictor = evictor;
    this.#caps = new AddressCaps(words);
    this.#peersAhead = new PeersAhead(words, table, entries);
  }

  /** Whether so little memory is left that swarms on probation make room. */
  get isPressed(): boolean {
    return this.#evictor.isPressed;
  }

  /** Seconds of a tick. */
  get secondsPerTick(): number {
    return this.#words[header.secondsPerTick];
  }

  /** The age in ticks beyond which a peer is forgotten. */
  get ttlTicks(): number {
    return this.#words[header.ttlTicks];
  }

  /** Begins to fetch what the first `count` of these peers (`mostAhead` at most) will need; nothing changes. */
  lookAhead(peers: readonly ToldPeer[], count: number): void {
    this.#peersAhead.touch(peers, count);
  }

  /**
   * A peer has announced elsewhere.
   * @param age ticks ago
   * @param slack how many ticks it may seem older than what is known here and still count; where it is negative, so many
   * ticks more or less do not tell which is newer, and a seeder counts more than a partial seed, and that more than a leecher
   * @param now whole seconds of the monotonic clock
   */
  arrive(peer: ToldPeer, age: number, slack: number, now: number): Told {
    let told = this.#arrive(peer, age, slack, now);
    for (let attempt = 0; told === Told.refused && attempt < attemptsWhenFull; attempt++) {
      if (!this.#evictor.makeRoom(now)) break;
      told = this.#arrive(peer, age, slack, now);
    }
    if (told === Told.changed && this.#evictor.isPressed) this.#evictor.relieve(now);
    return told;
  }

  /** A peer has left elsewhere; as `arrive`. A swarm is made only to keep a download that was counted. */
  leave(peer: ToldPeer, age: number, slack: number, now: number): Told {
    const { infoHash } = peer;
    const hash = this.#table.hash(infoHash, 0);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      let entry = this.#table.find(shard, hash, infoHash, 0);
      if (entry === 0 && !peer.completed) return Told.same;
      if (entry === 0) {
        entry = this.#table.insert(shard, hash, infoHash, 0);
        if (entry === 0) return Told.refused;
        this.#entries.countSwarm(shard, entry);
      }
      const told = this.#leave(shard, entry, peer, age, slack, now);
      this.#entries.releaseIfEmpty(shard, entry);
      return told;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  /** Whether a peer is in its swarm, in whatever role. */
  isThere({ infoHash, family, address, port }: NamedPeer): boolean {
    const hash = this.#table.hash(infoHash, 0);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      const entry = this.#table.find(shard, hash, infoHash, 0);
      if (entry === 0) return false;
      const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
      return peers.find(familyRefAt(entry, family), address, 0, port, false, this.#found);
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  /** Has the other machines told what is known of a peer, once more. */
  tellOf({ infoHash, family, address, port }: NamedPeer): void {
    this.#entries.journal.notePeer(infoHash, 0, family, address, 0, port, ChangeFlag.asked);
  }

  /** Has them told when a peer was seen last that has announced here, and is as they know it. */
  tellAgeOf({ infoHash, family, address, port }: NamedPeer): void {
    this.#entries.journal.notePeer(infoHash, 0, family, address, 0, port, ChangeFlag.stays);
  }

  /** A swarm has been downloaded so often elsewhere; it counts where that is more than is known here. */
  raiseDownloaded(infoHash: Int32Array, downloaded: number): void {
    const words = this.#words;
    const hash = this.#table.hash(infoHash, 0);
    const shard = this.#table.shardOf(hash);
    lock(words, shard + shardRow.lock);
    try {
      let entry = this.#table.find(shard, hash, infoHash, 0);
      if (entry === 0) {
        entry = this.#table.insert(shard, hash, infoHash, 0);
        if (entry === 0) return;
        this.#entries.countSwarm(shard, entry);
      }
      const at = entry + entryField.downloaded;
      if (downloaded > (words[at] & downloadedMask))
        words[at] = (words[at] & ~downloadedMask) | Math.min(downloaded, downloadedMask);
      this.#entries.releaseIfEmpty(shard, entry);
    } finally {
      unlock(words, shard + shardRow.lock);
    }
  }

  #arrive(peer: ToldPeer, age: number, slack: number, now: number): Told {
    const { infoHash, address, family, port, seeder } = peer;
    const tick = this.#clock.tick(now);
    const hash = this.#table.hash(infoHash, 0);
    const shard = this.#table.shardOf(hash);
    lock(this.#words, shard + shardRow.lock);
    try {
      let entry = this.#table.find(shard, hash, infoHash, 0);
      const isNew = entry === 0;
      if (isNew) entry = this.#table.insert(shard, hash, infoHash, 0);
      if (entry === 0) return Told.refused;
      const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
      const refAt = familyRefAt(entry, family);
      if (peers.find(refAt, address, 0, port, seeder, this.#found))
        return this.#refresh(shard, entry, refAt, peers, peer, tick, age, slack);
      const told = this.#insert(shard, entry, refAt, peers, peer, tick, age);
      if (told === Told.refused && isNew) this.#table.remove(shard, entry);
      return told;
    } finally {
      unlock(this.#words, shard + shardRow.lock);
    }
  }

  #refresh(
    shard: number,
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    peer: ToldPeer,
    tick: number,
    age: number,
    slack: number,
  ): Told {
    const found = this.#found;
    const state = peers.stateOf(found);
    const knownAge = ageOf(state, tick);
    const isSame = found.isSeeder === peer.seeder && (state & partialFlag) === this.#partialOf(peer);
    const wasCounted = (state & countedFlag) !== 0;
    // Whichever of the two is newer, it was downloaded.
    if (peer.completed && !wasCounted) this.#entries.countDownload(entry);
    const counted = wasCounted || peer.counted || peer.completed ? countedFlag : 0;
    const isStronger = rank(peer.seeder, peer.partial) > rank(found.isSeeder, (state & partialFlag) !== 0);
    const leeway = slack < 0 && isStronger ? -slack : slack;
    if (knownAge + leeway < age || (isSame && knownAge <= age)) {
      if (counted !== 0 && !wasCounted) peers.setState(refAt, found, state | countedFlag);
      this.newerBy = (state & remoteFlag) === 0 ? age - knownAge : 0;
      return isSame ? Told.same : Told.newer;
    }
    if (found.isSeeder !== peer.seeder) {
      if (!peers.changeRole(refAt, found)) return Told.refused;
      this.#entries.count(shard, peer.family, peer.seeder ? -1 : 1, peer.seeder ? 1 : -1);
    }
    const seen = tickBefore(tick, Math.min(age, knownAge));
    peers.setState(refAt, found, seen | counted | this.#partialOf(peer) | remoteFlag);
    this.#note(peer);
    return isSame ? Told.same : Told.changed;
  }

  #insert(
    shard: number,
    entry: number,
    refAt: number,
    peers: FamilyPeers,
    peer: ToldPeer,
    tick: number,
    age: number,
  ): Told {
    const { address, family, port, seeder } = peer;
    const hadPeers = this.#entries.hasPeers(entry);
    const counted = peer.counted || peer.completed ? countedFlag : 0;
    const state = tickBefore(tick, age) | counted | this.#partialOf(peer) | remoteFlag;
    const crowding = this.#crowding;
    if (this.#caps.findCrowding(peers, refAt, address, 0, tick, crowding)) {
      // The newest of an address stay, whoever they announced to.
      if (ageOf(peers.stateOf(crowding), tick) <= age) return Told.refused;
      this.#entries.count(shard, family, crowding.isSeeder ? 0 : -1, crowding.isSeeder ? -1 : 0);
      this.#noteCrowding(peers, peer);
      peers.remove(refAt, crowding);
    }
    this.#entries.noteArrival(entry, family, address, 0);
    if (!peers.insert(refAt, seeder, address, 0, port | (state << 16), noPeerId, 0)) return Told.refused;
    if (peer.completed) this.#entries.countDownload(entry);
    if (!hadPeers) this.#entries.countSwarm(shard, entry);
    this.#entries.count(shard, family, seeder ? 0 : 1, seeder ? 1 : 0);
    this.#note(peer);
    return Told.changed;
  }

  #leave(shard: number, entry: number, peer: ToldPeer, age: number, slack: number, now: number): Told {
    const { address, family, port } = peer;
    const peers = family === 4 ? this.#entries.peers4 : this.#entries.peers6;
    const refAt = familyRefAt(entry, family);
    const found = this.#found;
    if (!peers.find(refAt, address, 0, port, peer.seeder, found)) {
      if (peer.completed) this.#entries.countDownload(entry);
      return Told.same;
    }
    const state = peers.stateOf(found);
    if (peer.completed && (state & countedFlag) === 0) {
      this.#entries.countDownload(entry);
      peers.setState(refAt, found, state | countedFlag);
    }
    const knownAge = ageOf(state, this.#clock.tick(now));
    if (knownAge + slack < age) {
      this.newerBy = (state & remoteFlag) === 0 ? age - knownAge : 0;
      return Told.newer;
    }
    this.#entries.count(shard, family, found.isSeeder ? 0 : -1, found.isSeeder ? -1 : 0);
    peers.remove(refAt, found);
    this.#note(peer);
    return Told.changed;
  }

  #partialOf({ partial, seeder }: ToldPeer): number {
    return partial && !seeder ? partialFlag : 0;
  }

  /** For a copy of the store; those who told of it know. */
  #note({ infoHash, family, address, port }: ToldPeer): void {
    if (this.#entries.journal.isCopied) this.#entries.journal.notePeer(infoHash, 0, family, address, 0, port);
  }

  #noteCrowding(peers: FamilyPeers, { infoHash, family }: ToldPeer): void {
    if (!this.#entries.journal.isCopied) return;
    const record = recordAt(this.#crowding.block, peers.stride, this.#crowding.index);
    const port = this.#words[record + peers.stride - 1] & 0xffff;
    this.#entries.journal.notePeer(infoHash, 0, family, this.#words, record, port);
  }
}

function rank(seeder: boolean, partial: boolean): number {
  if (seeder) return 2;
  return partial ? 1 : 0;
}
