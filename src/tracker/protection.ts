// What keeps abuse from the store, the same for all threads: rate limits, and rules of who may announce what.

import { Access, type AccessMemory, isWithoutRules } from './access.ts';
import { DecisionTable } from './decision-table.ts';
import { TokenBuckets } from './token-buckets.ts';

/** What it is made of, for another thread; undefined where there is no limit and no rule. */
export interface ProtectionMemory extends RateMemory {
  access: AccessMemory | undefined;
  /** Where each torrent is decided about; `ttl` in seconds. */
  decisions?: { readonly table: SharedArrayBuffer; readonly ttl: number } | undefined;
}

/** Of the rate limits; undefined where there is none. */
export interface RateMemory {
  udp: SharedArrayBuffer | undefined;
  http: SharedArrayBuffer | undefined;
}

const nothing: ProtectionMemory = { udp: undefined, http: undefined, access: undefined };

const noLists: AccessMemory = {
  allowedTorrents: undefined,
  deniedTorrents: undefined,
  deniedAddresses: undefined,
  allowedClients: [],
  deniedClients: [],
};

/** One a thread. */
export class Protection {
  /** How many requests an address may make. */
  udp: TokenBuckets | undefined;
  http: TokenBuckets | undefined;
  #access: Access | undefined;
  #accessMemory: AccessMemory | undefined;
  readonly #decisions: DecisionTable | undefined;
  #decisionsForOthers: ProtectionMemory['decisions'];

  constructor({ udp, http, access, decisions }: ProtectionMemory = nothing) {
    this.setRates({ udp, http });
    this.#decisions = decisions && new DecisionTable(decisions.table, decisions.ttl);
    this.setAccess(access);
  }

  get access(): Access | undefined {
    return this.#access;
  }

  /** Replaces the rate limits; every address begins anew. */
  setRates({ udp, http }: RateMemory): void {
    this.udp = udp && new TokenBuckets(udp);
    this.http = http && new TokenBuckets(http);
  }

  /** Replaces the rules of access. */
  setAccess(memory: AccessMemory | undefined): void {
    this.#accessMemory = memory;
    // Where there is no rule no announce is to pay for looking.
    const rules = memory === undefined || isWithoutRules(memory) ? undefined : memory;
    const decisions = this.#decisions;
    this.#access = rules || decisions ? new Access(rules ?? noLists, decisions) : undefined;
  }

  /** Has other threads go by what this one decides. */
  decideForOthers(decisions: NonNullable<ProtectionMemory['decisions']>): void {
    this.#decisionsForOthers = decisions;
  }

  get memory(): ProtectionMemory {
    return {
      udp: this.udp?.buffer,
      http: this.http?.buffer,
      access: this.#accessMemory,
      decisions: this.#decisionsForOthers,
    };
  }
}
