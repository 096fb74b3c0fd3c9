// What can be seen of a node of the cluster from outside.
import type { Comparing } from './comparing.ts';
import type { Position } from './engine.ts';
import type { Member, Membership } from './membership.ts';
import type { Merge } from './merge.ts';
import type { Publisher } from './publisher.ts';
import type { ClusterSubscriber } from './subscriber.ts';

export interface ClusterState {
  readonly node: string;
  readonly isReady: boolean;
  /** Whether the engine takes and gives messages now; why not. */
  readonly isReached: boolean;
  readonly fault: string | undefined;
  readonly position: Position | undefined;
  readonly members: readonly (Member & { lagMs: number | undefined })[];
  readonly waitingBytes: number;
  readonly sent: { messages: number; bytes: number; records: number };
  readonly received: { messages: number; bytes: number; records: number };
  readonly gaps: number;
  readonly rejected: number;
  readonly rounds: number;
  readonly mended: number;
  readonly stale: number;
}

/** The parts of a node that know something of it. */
export interface SeenParts {
  readonly publisher: Publisher;
  readonly merge: Merge;
  readonly membership: Membership;
  readonly comparing: Comparing;
  /** Undefined until it has begun to listen. */
  readonly subscriber: ClusterSubscriber | undefined;
}

export function stateOf(
  told: Pick<ClusterState, 'node' | 'isReady' | 'isReached' | 'fault'>,
  { publisher, merge, membership, comparing, subscriber }: SeenParts,
): ClusterState {
  const {
    messages = 0,
    bytes = 0,
    gaps = 0,
    damaged = 0,
    otherSecret = 0,
    otherVersion = 0,
  } = subscriber?.counts ?? {};
  const { node, isReady, isReached, fault } = told;
  return {
    ...{ node, isReady, isReached, fault },
    position: subscriber?.position,
    members: membership.members.map((member) => ({ ...member, lagMs: subscriber?.lagOf(member.node) })),
    waitingBytes: publisher.waitingBytes,
    sent: { ...publisher.counts },
    received: { messages, bytes, records: merge.counts.records },
    gaps,
    rejected: damaged + otherSecret + otherVersion,
    rounds: comparing.counts.rounds,
    mended: comparing.counts.mended,
    stale: merge.counts.stale,
  };
}
