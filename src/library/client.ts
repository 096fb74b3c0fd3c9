// The package's `client` door: announces and scrapes to any tracker, over the conversations that tracker-query has.
import { didYouMean } from '../cli/did-you-mean.ts';
import { quoteForLog } from '../cli/escape-for-log.ts';
import { Event } from '../protocol/event.ts';
import type { AnnounceQuestion } from '../query/asking/announce-question.ts';
import type { Conversation } from '../query/asking/answered.ts';
import { createConversation } from '../query/asking/conversation.ts';
import type { TimedStep } from '../query/asking/effort.ts';
import type { ScrapeAnswer } from '../query/asking/http-answer.ts';
import { createIdentity } from '../query/asking/identity.ts';
import type { AnnounceAnswer } from '../query/asking/tracker-answer.ts';
import { within } from '../query/network/deadline.ts';
import { parseTrackerUrl } from '../query/network/tracker-url.ts';
import { bytesOf, parseInfoHash, parseInfoHashes, parsePeerId } from './info-hash-bytes.ts';

export type { StepName, TimedStep } from '../query/asking/effort.ts';
export type { ScrapeAnswer } from '../query/asking/http-answer.ts';
export type { AnnounceAnswer, ListedPeer, PeerType, ScrapedTorrent } from '../query/asking/tracker-answer.ts';
export {
  type Redirect,
  TrackerError,
  type TrackerErrorOptions,
  type Trouble,
} from '../query/network/tracker-error.ts';

/** How a client asks; a name that is not among these is refused. */
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
  /** Where the peer can be reached, 1 to 65535 (0 is sent too, and trackers refuse it). Default 6881. */
  port?: number;
  /** Why it announces. Default `none`. */
  event?: 'none' | 'started' | 'completed' | 'stopped' | 'paused';
  /** Bytes that it lacks, 0 to 2^53 - 1; 0 is a seeder. Default 0. */
  left?: number;
  /**
   * Peers wanted; left out, as many as the tracker likes. Over WebSocket as many are made an offer, 10 at most and when it is
   * left out, and whoever answers within 2 s is listed: 0 makes none and waits for nobody.
   */
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
/** An int32 over UDP. */
const mostWanted = 0x7fff_ffff;
const optionNames: Readonly<Record<keyof ClientOptions, true>> = {
  timeout: true,
  families: true,
  insecure: true,
  userAgent: true,
  peerId: true,
};

/**
 * A client of the tracker at `url`: `udp:`, `http:`, `https:`, `ws:` or `wss:`, as in `announceUrls`. Nothing is asked yet.
 * @throws TypeError when the URL or an option is wrong
 */
export function createClient(url: string | URL, options: ClientOptions = {}): TrackerClient {
  checkOptions(options);
  return new Client(url, options);
}

class Client implements TrackerClient {
  readonly #timeout: number;
  readonly #identity: AnnounceQuestion['identity'];
  readonly #conversation: Conversation;

  constructor(
    url: string | URL,
    { timeout = usualTimeout, families, insecure = false, userAgent, peerId }: ClientOptions,
  ) {
    if (typeof timeout !== 'number' || !(timeout >= 0.1 && timeout <= longestTimeout))
      throw new TypeError(
        `timeout must be seconds from 0.1 to ${longestTimeout}, not ${typeof timeout === 'number' ? timeout : `a ${typeof timeout}`}`,
      );
    if (
      families !== undefined &&
      (!Array.isArray(families) ||
        families.length === 0 ||
        families.some((family) => family !== 4 && family !== 6))
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
    if (typeof announce !== 'object' || announce === null)
      throw new TypeError(`announce takes an object with an infoHash, not ${announce}`);
    const { infoHash, port = usualPort, event = 'none', left = 0, numwant = -1, signal } = announce;
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new TypeError(`port must be a whole number from 0 to 65535, not ${port}`);
    if (!Object.hasOwn(Event, event))
      throw new TypeError(`event must be one of ${Object.keys(Event).join(', ')}, not '${event}'`);
    if (!Number.isSafeInteger(left) || left < 0)
      throw new TypeError(`left must be bytes, a whole number from 0 to 2^53 - 1, not ${left}`);
    if (!Number.isInteger(numwant) || numwant < -1 || numwant > mostWanted)
      throw new TypeError(`numwant must be a whole number from 0 to ${mostWanted}, not ${numwant}`);
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
    const hashes = parseInfoHashes(infoHashes).map((words) => bytesOf(words, 0));
    return await within(this.#timeout, signal, async (deadline) =>
      askedOf(await this.#conversation.scrape(hashes, deadline)),
    );
  }

  close(): void {
    this.#conversation.close();
  }
}

function checkOptions(options: object): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`createClient takes an object of options, not ${options}`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(optionNames, name))
      throw new TypeError(
        `createClient: there is no option ${quoteForLog(name)}${didYouMean(name, Object.keys(optionNames))}`,
      );
  }
}

function urlOf(url: string | URL): ReturnType<typeof parseTrackerUrl> {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string') throw new TypeError(`createClient takes a tracker's URL, not ${text}`);
  try {
    return parseTrackerUrl(text);
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: error });
  }
}

function askedOf<T>({ answer, address, steps }: Asked<T>): Asked<T> {
  return { answer, address, steps };
}
