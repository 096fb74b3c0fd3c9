// The package's `client` door: announces and scrapes to any tracker, over the conversations that tracker-query has.
import type { AnnounceQuestion } from '../query/asking/announce-question.ts';
import type { Conversation } from '../query/asking/answered.ts';
import { createConversation } from '../query/asking/conversation.ts';
import type { TimedStep } from '../query/asking/effort.ts';
import type { ScrapeAnswer } from '../query/asking/http-answer.ts';
import { createIdentity } from '../query/asking/identity.ts';
import type { AnnounceAnswer } from '../query/asking/tracker-answer.ts';
import { within } from '../query/network/deadline.ts';
import { parseTrackerUrl } from '../query/network/tracker-url.ts';
import { bytesOf, parseInfoHash, parsePeerId } from './info-hash-bytes.ts';

export type { StepName, TimedStep } from '../query/asking/effort.ts';
export type { ScrapeAnswer } from '../query/asking/http-answer.ts';
export type { AnnounceAnswer, ListedPeer, PeerType, ScrapedTorrent } from '../query/asking/tracker-answer.ts';
export {
  type Redirect,
  TrackerError,
  type TrackerErrorOptions,
  type Trouble,
} from '../query/network/tracker-error.ts';

/** How a client asks. */
export interface ClientOptions {
  /** Seconds that each question may take in all, 0.1 to 600. Default 15. */
  timeout?: number;
  /** Which families of addresses are asked, the preferred first. Default `[6, 4]`. */
  families?: readonly (4 | 6)[];
  /** Take any certificate. Default `false`. */
  insecure?: boolean;
  /** The `User-Agent` over HTTP. Default: a common client's, as many trackers refuse unknown ones. */
  userAgent?: string;
  /** The peer_id, 20 bytes or characters of latin1. Default: random, of that common client's form. */
  peerId?: string | Uint8Array;
}

/** What a client announces. */
export interface ClientAnnounce {
  /** The torrent: 40 hexadecimal digits, or 20 bytes. */
  infoHash: string | Uint8Array;
  /** Where the peer can be reached, 1 to 65535. Default 6881. */
  port?: number;
  /** Why it announces. Default `none`. */
  event?: 'none' | 'started' | 'completed' | 'stopped' | 'paused';
  /** Bytes that it lacks, 0 to 2^53 - 1; 0 is a seeder. Default 0. */
  left?: number;
  /** Peers wanted; left out, as many as the tracker likes. */
  numwant?: number;
  /** Ends the question early; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** An answer, and the way to it. */
export interface Asked<T> {
  /** What was answered; also a refusal, whose `failureReason` is not null. */
  answer: T;
  /** The address that answered. */
  address: string;
  /** The steps that this question needed, with their times. */
  steps: readonly TimedStep[];
}

/** One peer that talks to one tracker, and keeps to the address that has answered first. */
export interface TrackerClient {
  /** Announces. Rejects with a {@link TrackerError} when there is no answer, with a TypeError when the question is wrong. */
  announce(announce: ClientAnnounce): Promise<Asked<AnnounceAnswer>>;
  /** Scrapes; no info_hash asks for all torrents, over HTTP and WebSocket. Rejects as `announce`. */
  scrape(
    infoHashes: readonly (string | Uint8Array)[],
    options?: { signal?: AbortSignal },
  ): Promise<Asked<ScrapeAnswer>>;
  /** Closes its socket, if it has one. It does not announce `stopped`. */
  close(): void;
}

const usualTimeout = 15;
const longestTimeout = 600;
const usualPort = 6881;

/**
 * A client of the tracker at `url`: `udp:`, `http:`, `https:`, `ws:` or `wss:`. Nothing is asked yet.
 * @throws TypeError when the URL or an option is wrong
 */
export function createClient(url: string, options: ClientOptions = {}): TrackerClient {
  return new Client(url, options);
}

class Client implements TrackerClient {
  readonly #timeout: number;
  readonly #identity: AnnounceQuestion['identity'];
  readonly #conversation: Conversation;

  constructor(
    url: string,
    { timeout = usualTimeout, families, insecure = false, userAgent, peerId }: ClientOptions,
  ) {
    if (!(timeout >= 0.1 && timeout <= longestTimeout))
      throw new TypeError(`timeout must be seconds from 0.1 to ${longestTimeout}, not ${timeout}`);
    if (
      families !== undefined &&
      (families.length === 0 || families.some((family) => family !== 4 && family !== 6))
    )
      throw new TypeError(`families must be a list of 4 and 6, not ${families}`);
    const identity = createIdentity();
    this.#timeout = timeout;
    this.#identity = {
      ...identity,
      userAgent: userAgent ?? identity.userAgent,
      peerId: peerId === undefined ? identity.peerId : bytesOf(parsePeerId(peerId), 0),
    };
    this.#conversation = createConversation(urlOf(url), {
      userAgent: this.#identity.userAgent,
      insecure,
      ...(families && { families }),
    });
  }

  async announce(announce: ClientAnnounce): Promise<Asked<AnnounceAnswer>> {
    const { infoHash, port = usualPort, event = 'none', left = 0, numwant = -1, signal } = announce;
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new TypeError(`port must be a whole number from 0 to 65535, not ${port}`);
    const question: AnnounceQuestion = {
      ...{
        infoHash: bytesOf(parseInfoHash(infoHash), 0),
        identity: this.#identity,
        port,
        event,
        left,
        numwant,
      },
      listPeers: event !== 'stopped',
    };
    return await within(this.#timeout, signal, async (deadline) =>
      askedOf(await this.#conversation.announce(question, deadline)),
    );
  }

  async scrape(
    infoHashes: readonly (string | Uint8Array)[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Asked<ScrapeAnswer>> {
    const hashes = infoHashes.map((infoHash) => bytesOf(parseInfoHash(infoHash), 0));
    return await within(this.#timeout, signal, async (deadline) =>
      askedOf(await this.#conversation.scrape(hashes, deadline)),
    );
  }

  close(): void {
    this.#conversation.close();
  }
}

function urlOf(url: string): ReturnType<typeof parseTrackerUrl> {
  try {
    return parseTrackerUrl(url);
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: error });
  }
}

function askedOf<T>({ answer, address, steps }: Asked<T>): Asked<T> {
  return { answer, address, steps };
}
