// What a program is asked about an announce, and what its answer means.
import { Failure, torrentDenied } from '../protocol/failure.ts';

/** What is known of an announce when a filter is asked. */
export interface FilterQuestion {
  /** 40 hexadecimal digits in lower case. */
  readonly infoHash: string;
  /** Who announces; undefined with `filterTtl`, where the decision is about the torrent. */
  readonly peer: FilteredPeer | undefined;
}

/** Who announces. */
export interface FilteredPeer {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The address that the announce came from. */
  readonly ip: string;
  /** Where it says it can be reached, 1 to 65535; 0 over WebTorrent. */
  readonly port: number;
  /** Why it announces; a peer that leaves is not asked about. */
  readonly event: 'started' | 'completed' | 'paused' | 'none';
  /** It has everything (`left` is 0). */
  readonly seeder: boolean;
  /** It is a WebTorrent peer, reached over WebRTC. */
  readonly webrtc: boolean;
}

/** `true` lets it announce; `false` refuses it (`torrent not allowed`), and so does a text, which is the reason it is told. */
export type FilterAnswer = boolean | string;

/**
 * Decides whether an announce is answered, at once or later. Who waits is not answered meanwhile: at most 10,000 may wait,
 * for 30 s each. A filter that throws, rejects or takes longer refuses with `internal error` and causes a `warning`.
 */
export type AnnounceFilter = (question: FilterQuestion) => FilterAnswer | Promise<FilterAnswer>;

/** Clients show it, and a UDP packet must hold it. */
const longestReason = 200;

/** What is wrong with a filter, in two parts: what it did, and why. */
export class FilterFault extends Error {
  readonly did: string;

  constructor(did: string, why: string) {
    super(why);
    this.did = did;
  }
}

/**
 * Undefined where it may announce.
 * @throws FilterFault when it is no answer
 */
export function verdictOf(answer: unknown): Failure | undefined {
  if (answer === true) return undefined;
  if (answer === false) return torrentDenied;
  if (typeof answer === 'string') return new Failure(shown(answer), 'not_allowed');
  throw new FilterFault(
    `filter has answered ${kindOf(answer)}`,
    'it must return true, false or a text with the reason, or a promise of one of them',
  );
}

/** In words that are few, however many values there are: warnings are told apart by them. */
function kindOf(answer: unknown): string {
  if (answer === undefined || answer === null) return String(answer);
  return typeof answer === 'object' ? 'an object' : `a ${typeof answer}`;
}

/** Error packets are ASCII. */
function shown(reason: string): string {
  const text = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, longestReason);
  return text === '' ? torrentDenied.message : text;
}
