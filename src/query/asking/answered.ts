// Knows what a conversation with a tracker is, whatever is spoken: questions, each with an answer and where it came from.
import type { Deadline } from '../network/deadline.ts';
import type { HttpAnswer } from '../network/http-client.ts';
import type { AnnounceQuestion } from './announce-question.ts';
import type { Loss, TimedStep } from './effort.ts';
import type { ScrapeAnswer } from './http-answer.ts';
import type { AnnounceAnswer } from './tracker-answer.ts';

export interface Answered<T> {
  answer: T;
  address: string;
  /** Ours, on the socket that was used. */
  localAddress: string;
  /** Those that this question needed: a name is resolved and a connection_id asked for only now and then. */
  steps: readonly TimedStep[];
  /** Milliseconds that were spent on hearing of peers, behind the answer. */
  waitedMs?: number;
  /** HTTP only. */
  http?: HttpAnswer;
}

/** Both methods throw a TrackerError when there is no answer; a refusal is an answer with its failure reason. */
export interface Conversation {
  announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>>;
  /** No info_hash asks for a full scrape. */
  scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>>;
  /** Of all its questions so far. */
  readonly loss: Loss;
  close(): void;
}
