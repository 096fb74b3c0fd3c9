// What the cluster asks of the engine that carries its news, and nothing more: Redis streams do it, and others could.
//
// The engine keeps a row of messages in the order in which it took them, and tells how long each has been with it by its
// own clock, which is the only one that all nodes share. Whatever it loses is mended by shard sums, so it promises little.

/** Where in the row of messages a reader stands: text that only the engine reads. */
export type Position = string;

/** Where the engine has put a message, and when, in milliseconds of its clock. */
export interface Taken {
  readonly position: Position;
  readonly takenAt: number;
}

/** A message as it comes out of the engine. */
export interface Delivered extends Taken {
  readonly bytes: Uint8Array;
  /** Milliseconds since the engine took it, by the engine's clock; never negative. */
  readonly ageMs: number;
}

export interface Subscription {
  /** Ends it; nothing is delivered any more when this resolves. */
  close(): Promise<void>;
}

export interface Subscriber {
  /** Called in the order of the row, the next time when what it returned has resolved. */
  deliver(messages: readonly Delivered[]): Promise<void>;
  /**
   * Messages after the position it stood at are gone: the engine has dropped them, or is another one now. What is left
   * comes next.
   */
  cut(): void;
}

/** What a node says of itself, as it was said last. */
export interface Heartbeat {
  readonly node: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since then, by the engine's clock. */
  readonly ageMs: number;
}

/**
 * Every method rejects with an Error while the engine cannot be reached, within a few seconds; none is ever waited for by
 * an announce.
 */
export interface Engine {
  /**
   * Adds a message to the end of the row; the oldest go when the row has more than `keptBytes`. One that is rejected may be
   * added all the same, later.
   */
  publish(bytes: Uint8Array, keptBytes: number): Promise<Taken>;
  /** Milliseconds by the engine's clock. */
  timeMs(): Promise<number>;
  /** Where the row ends now. */
  end(): Promise<Position>;
  /** Delivers everything behind a position, and then what comes, over breaks of the connection too. */
  subscribe(from: Position, subscriber: Subscriber): Subscription;

  /** Keeps bytes under a name for some time. */
  park(name: string, bytes: Uint8Array, seconds: number): Promise<void>;
  /** What was parked, or `undefined` when it is gone. */
  fetch(name: string): Promise<Uint8Array | undefined>;

  /** Says what a node has to say of itself, instead of what it said before. */
  beat(node: string, bytes: Uint8Array): Promise<void>;
  /** What each node said last, for as long as anybody may want to know that it was there. */
  beats(): Promise<Heartbeat[]>;
  /** Forgets that there was such a node. */
  forget(node: string): Promise<void>;

  /** The value of a key that all nodes share, or `undefined`. */
  value(key: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the value of a key.
   * @param before what it must be for that; `undefined` for none
   * @returns whether it was, and so is replaced
   */
  replace(key: string, before: Uint8Array | undefined, value: Uint8Array): Promise<boolean>;

  /** Whether it can be reached now, as far as is known. */
  readonly isUp: boolean;
  close(): Promise<void>;
}
