// Whether one swarm is whole: its blocks, sets and directories, its counts, and nobody in it twice.

import { scopeOf } from '../../protocol/address-scope.ts';
import {
  capacityOf,
  classOf,
  depthOf,
  leechersIn,
  partialFlag,
  partialIn,
  peersIn,
  recordAt,
} from '../block.ts';
import type { FamilyPeers } from '../family-peers.ts';
import { largeField, setOf } from '../large-swarm.ts';
import { entryField, familyRefAt, idleFlag, mixedScopes, scopeMask, scopeShift } from '../layout.ts';
import { setField } from '../peer-set.ts';
import {
  capacityOfClass,
  firstBlockClass4,
  firstBlockClass6,
  largeClass,
  maxTableBits,
  sizeClasses,
  tableClass,
} from '../size-classes.ts';
import type { Findings } from './findings.ts';
import type { ObjectLedger } from './object-ledger.ts';

/** Peers of one family of a swarm, counted one by one. */
interface Counted {
  leechers: number;
  seeders: number;
  partial: number;
}

export class SwarmCheck {
  readonly #words: Int32Array;
  readonly #ledger: ObjectLedger;
  readonly #findings: Findings;
  #name = '';
  #scope = 0;
  readonly #met = new Set<string>();

  constructor(words: Int32Array, ledger: ObjectLedger, findings: Findings) {
    this.#words = words;
    this.#ledger = ledger;
    this.#findings = findings;
  }

  /** Checks one family of the swarm called `name`, and counts its peers. */
  check(entry: number, family: 4 | 6, peers: FamilyPeers, name: string): Counted {
    this.#name = `${name} IPv${family}`;
    this.#scope = (this.#words[entry + entryField.downloaded] & scopeMask) >>> scopeShift;
    this.#met.clear();
    const counted: Counted = { leechers: 0, seeders: 0, partial: 0 };
    const ref = this.#words[familyRefAt(entry, family)];
    if (ref > 0) this.#checkBlock(ref, family, peers, counted);
    else if (ref < 0) this.#checkLarge(ref, family, peers, counted);
    if (ref !== 0 && (this.#words[entry + entryField.downloaded] & idleFlag) !== 0)
      this.#findings.add(`${this.#name} has peers and is marked as idle`);
    return counted;
  }

  #checkBlock(block: number, family: 4 | 6, peers: FamilyPeers, counted: Counted): void {
    if (!this.#claimBlock(block, family)) return;
    const words = this.#words;
    if (peersIn(words, block) === 0) this.#findings.add(`${this.#name} keeps an empty block`);
    counted.leechers += leechersIn(words, block);
    counted.seeders += peersIn(words, block) - leechersIn(words, block);
    counted.partial += this.#countPartial(block, family, peers, leechersIn(words, block));
    this.#findings.expect(`${this.#name} partial seeds`, partialIn(words, block), counted.partial);
  }

  #checkLarge(ref: number, family: 4 | 6, peers: FamilyPeers, counted: Counted): void {
    if (!this.#ledger.claim(-ref, largeClass, this.#name)) return;
    const words = this.#words;
    counted.leechers = this.#checkSet(setOf(ref, false), family, peers, false, counted);
    counted.seeders = this.#checkSet(setOf(ref, true), family, peers, true, counted);
    this.#findings.expect(`${this.#name} leechers`, words[largeField.leechers - ref], counted.leechers);
    this.#findings.expect(`${this.#name} seeders`, words[largeField.seeders - ref], counted.seeders);
    this.#findings.expect(`${this.#name} partial seeds`, words[largeField.partial - ref], counted.partial);
  }

  /** Returns how many peers the set holds. */
  #checkSet(set: number, family: 4 | 6, peers: FamilyPeers, seeders: boolean, counted: Counted): number {
    const words = this.#words;
    const depth = words[set + setField.depth];
    const directory = words[set + setField.directory];
    const isDirectory =
      depth >= 0 && depth <= maxTableBits && this.#ledger.claim(directory, tableClass(depth), this.#name);
    if (!isDirectory) {
      this.#findings.add(`${this.#name} has no directory of depth ${depth}`);
      return 0;
    }
    let total = 0;
    for (let pointer = 0; pointer < 1 << depth; ) {
      const block = words[directory + pointer];
      if (!this.#claimBlock(block, family)) return total;
      const span = 1 << (depth - depthOf(words, block));
      if (depthOf(words, block) > depth || pointer % span !== 0) {
        this.#findings.add(
          `${this.#name} block ${block} is of depth ${depthOf(words, block)} at pointer ${pointer}`,
        );
        return total;
      }
      for (let other = pointer; other < pointer + span; other++) {
        if (words[directory + other] !== block)
          this.#findings.add(`${this.#name} directory pointer ${other} does not lead to its block ${block}`);
      }
      this.#checkHashes(set, pointer, block, peers);
      total += peersIn(words, block);
      if (leechersIn(words, block) !== peersIn(words, block))
        this.#findings.add(`${this.#name} block ${block} of a set holds two roles`);
      counted.partial += this.#countPartial(block, family, peers, seeders ? 0 : peersIn(words, block));
      pointer += span;
    }
    return total;
  }

  #claimBlock(block: number, family: 4 | 6): boolean {
    const first = family === 4 ? firstBlockClass4 : firstBlockClass6;
    const end = family === 4 ? firstBlockClass6 : sizeClasses.length;
    const sizeClass = classOf(this.#words, block);
    if (!(sizeClass >= first && sizeClass < end))
      return this.#findings.add(`${this.#name} refers to word ${block}, which is no block of this family`);
    if (!this.#ledger.claim(block, sizeClass, this.#name)) return false;
    if (peersIn(this.#words, block) <= capacityOfClass[sizeClass]) return true;
    return this.#findings.add(
      `${this.#name} block ${block} holds more than ${capacityOf(this.#words, block)}`,
    );
  }

  #checkHashes(set: number, pointer: number, block: number, { sets, stride }: FamilyPeers): void {
    for (let i = 0; i < peersIn(this.#words, block); i++) {
      const at = recordAt(block, stride, i);
      const hash = sets.hash(this.#words, at, this.#words[at + stride - 1] & 0xffff);
      if (sets.blockAt(set, sets.pointerFor(set, hash)) !== block)
        this.#findings.add(
          `${this.#name} record ${i} of the block at pointer ${pointer} belongs into another`,
        );
    }
  }

  /** Looks at each record: met before, in its swarm's scope; returns how many are partial seeds. */
  #countPartial(block: number, family: 4 | 6, { stride }: FamilyPeers, leechers: number): number {
    const words = this.#words;
    let partial = 0;
    for (let i = 0; i < peersIn(words, block); i++) {
      const at = recordAt(block, stride, i);
      const last = words[at + stride - 1];
      const endpoint = `${words.subarray(at, at + stride - 1).join()}:${last & 0xffff}`;
      if (this.#met.has(endpoint)) this.#findings.add(`${this.#name} has ${endpoint} twice`);
      this.#met.add(endpoint);
      if (this.#scope !== mixedScopes && scopeOf(family, words, at) !== this.#scope)
        this.#findings.add(`${this.#name} record ${i} is in another scope than its swarm, ${this.#scope}`);
      if (((last >>> 16) & partialFlag) === 0) continue;
      partial++;
      if (i >= leechers) this.#findings.add(`${this.#name} record ${i} is a seeder and a partial seed`);
    }
    return partial;
  }
}
