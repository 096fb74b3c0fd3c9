// What keeps abuse from the store, the same for all threads: rate limits, and rules of who may announce what.

import { Access, type AccessMemory } from './access.ts';
import { TokenBuckets } from './token-buckets.ts';

/** What it is made of, for another thread; undefined where there is no limit and no rule. */
export interface ProtectionMemory {
  udp: SharedArrayBuffer | undefined;
  http: SharedArrayBuffer | undefined;
  access: AccessMemory | undefined;
}

const nothing: ProtectionMemory = { udp: undefined, http: undefined, access: undefined };

/** One a thread. */
export class Protection {
  /** How many requests an address may make. */
  readonly udp: TokenBuckets | undefined;
  readonly http: TokenBuckets | undefined;
  #access: Access | undefined;
  #accessMemory: AccessMemory | undefined;

  constructor({ udp, http, access }: ProtectionMemory = nothing) {
    this.udp = udp && new TokenBuckets(udp);
    this.http = http && new TokenBuckets(http);
    this.setAccess(access);
  }

  get access(): Access | undefined {
    return this.#access;
  }

  /** Replaces the rules of access. */
  setAccess(memory: AccessMemory | undefined): void {
    this.#accessMemory = memory;
    this.#access = memory && new Access(memory);
  }

  get memory(): ProtectionMemory {
    return { udp: this.udp?.buffer, http: this.http?.buffer, access: this.#accessMemory };
  }
}
