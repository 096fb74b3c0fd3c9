// What is simulated: how large the cluster is, what happens to it, and what its engine carries.
export interface Plan {
  readonly nodes: number;
  /** There at any time, and announces of all of them a second. */
  readonly peers: number;
  readonly announces: number;
  /** One peer in so many is simulated: a power of two from 1 to 4096. */
  readonly sample: number;
  /** Virtual seconds after the swarms have filled. */
  readonly seconds: number;
  /** Seconds without an announce until a peer is forgotten. */
  readonly peerTtl: number;
  /** Share of announces with which one peer goes and another comes. */
  readonly changes: number;
  /** Share of those that go who say nothing. */
  readonly silent: number;
  /** Bytes that the engine takes and gives a second. */
  readonly engineRate: number;
  /** Bytes of news that it keeps. */
  readonly keptBytes: number;
  /** Bytes that wait in a node for an engine that it does not reach. */
  readonly mostWaiting: number;
  /** Seconds for which a node is cut off. */
  readonly partition: number;
  /** Seconds in which a node sums up all that it has. */
  readonly sumSeconds: number;
  readonly seed: number;
}
