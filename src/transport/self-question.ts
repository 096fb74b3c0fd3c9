// What a tracker asks one of its own listeners to see whether it answers: a `stopped` for a swarm that nobody knows, so it
// leaves nothing behind.
import { randomBytes } from 'node:crypto';
import { Event } from '../protocol/event.ts';
import {
  addressDenied,
  badClientAddress,
  clientDenied,
  type FailureKind,
  tooManyRequests,
  torrentDenied,
  torrentUnregistered,
} from '../protocol/failure.ts';

/** Where a listener is reached from this machine. */
export interface ReachableListener {
  family: 4 | 6;
  address: string;
  port: number;
}

/** As what the listener has counted the announce: as one with peers, as refused, or not at all. */
export type SelfAnswer = 'announced' | FailureKind | 'uncounted';

/** Resolves when the listener has answered, whatever it said; rejects with the reason why it did not. */
export type AskSelf = (listener: ReachableListener, signal: AbortSignal) => Promise<SelfAnswer>;

const peerId = Buffer.from('-CR0000-selfannounce');

export function selfQuestion() {
  return {
    ...{ infoHash: randomBytes(20), peerId, port: 1 },
    ...{ uploaded: 0, downloaded: 0, left: 0, event: Event.stopped, numwant: 0 },
  };
}

/** What a whole and well-formed announce may be refused for. */
const failures = [
  addressDenied,
  badClientAddress,
  clientDenied,
  tooManyRequests,
  torrentDenied,
  torrentUnregistered,
];

/** As what a listener has counted the failure whose words it answered. */
export function kindOfFailure(words: string): SelfAnswer {
  return failures.find(({ message }) => message === words)?.kind ?? 'uncounted';
}
