// What every part of a node of the cluster works with.

import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { Engine } from './engine.ts';
import type { Sender, Signature } from './wire.ts';

export interface ClusterParts {
  readonly engine: Engine;
  readonly store: SwarmStore;
  readonly sender: Sender;
  readonly signature: Signature;
  /** Milliseconds of the clock that the store's seconds are taken from. */
  readonly now: () => number;
  readonly log: ClusterLog;
}

export interface ClusterLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Bytes of what is said in one message. */
export const messageRoom = 1 << 18;
