// What keeps abuse from the store, the same for all threads: rate limits.

import { TokenBuckets } from './token-buckets.ts';

/** The memory behind it, for another thread; undefined where there is no limit. */
export interface ProtectionMemory {
  udp: SharedArrayBuffer | undefined;
  http: SharedArrayBuffer | undefined;
}

/** One a thread. */
export class Protection {
  /** How many requests an address may make. */
  readonly udp: TokenBuckets | undefined;
  readonly http: TokenBuckets | undefined;

  constructor(memory: ProtectionMemory = { udp: undefined, http: undefined }) {
    this.udp = memory.udp && new TokenBuckets(memory.udp);
    this.http = memory.http && new TokenBuckets(memory.http);
  }

  get memory(): ProtectionMemory {
    return { udp: this.udp?.buffer, http: this.http?.buffer };
  }
}
