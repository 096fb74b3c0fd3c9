// Knows how to announce to and scrape a tracker under one URL, over HTTP(S) or UDP, keeping to the address that answered first.
import { formatHttpScrape } from '../../protocol/http-client-requests.ts';
import { encodeScrapeRequest } from '../../protocol/udp-client-packets.ts';
import { Action } from '../../protocol/udp-packets.ts';
import type { Deadline } from '../network/deadline.ts';
import { getHttp, type HttpAnswer, type HttpOptions } from '../network/http-client.ts';
import { bothFamilies, type Families, resolveName } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { type Scheme, scrapeUrlOf, type TrackerUrl, targetWith } from '../network/tracker-url.ts';
import { connectUdp, type UdpClient } from '../network/udp-client.ts';
import { type AnnounceQuestion, encodeUdpAnnounce, formatAnnounceQuery } from './announce-question.ts';
import { readAnnounceAnswer, readScrapeAnswer, type ScrapeAnswer } from './http-answer.ts';
import type { AnnounceAnswer } from './tracker-answer.ts';
import { readUdpAnnounce, readUdpScrape } from './udp-answer.ts';

export interface Answered<T> {
  answer: T;
  address: string;
  /** Ours, on the socket that was used. */
  localAddress: string;
  /** HTTP only. */
  http?: HttpAnswer;
}

/** Both methods throw a TrackerError when there is no answer; a refusal is an answer with its failure reason. */
export interface Conversation {
  announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>>;
  /** No info_hash asks for a full scrape. */
  scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>>;
  close(): void;
}

export interface ConversationOptions extends Omit<HttpOptions, 'userAgent' | 'families'> {
  userAgent: string;
  families?: Families;
}

export function createConversation(url: TrackerUrl, options: ConversationOptions): Conversation {
  return conversations[url.scheme](url, options);
}

type CreateConversation = (url: TrackerUrl, options: ConversationOptions) => Conversation;

/** How each scheme is spoken. */
const conversations: Record<Scheme, CreateConversation> = {
  http: (url, options) => new HttpConversation(url, options),
  https: (url, options) => new HttpConversation(url, options),
  udp: (url, options) => new UdpConversation(url, options),
};

class HttpConversation implements Conversation {
  readonly #url: TrackerUrl;
  readonly #options: ConversationOptions;
  #pinned: string | undefined;

  constructor(url: TrackerUrl, options: ConversationOptions) {
    this.#url = url;
    this.#options = options;
    this.#pinned = options.pinned;
  }

  async announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>> {
    return await this.#ask(this.#url, formatAnnounceQuery(question), deadline, readAnnounceAnswer);
  }

  async scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>> {
    const url = scrapeUrlOf(this.#url);
    if (!url) throw new TrackerError('the URL has no scrape form (BEP 48)', { permanent: true });
    return await this.#ask(url, formatHttpScrape(infoHashes), deadline, readScrapeAnswer);
  }

  close(): void {}

  async #ask<T extends { failureReason: string | null; compliance: string[] }>(
    url: TrackerUrl,
    query: string,
    deadline: Deadline,
    read: (body: Uint8Array, family: 4 | 6) => T,
  ): Promise<Answered<T>> {
    const options = this.#pinned === undefined ? this.#options : { ...this.#options, pinned: this.#pinned };
    const http = await getHttp(url, targetWith(url, query), options, deadline);
    // A repeated question, and `stopped` above all, must reach the machine that holds our record.
    if (http.redirects.length === 0) this.#pinned = http.address;
    return {
      answer: readHttpAnswer(http, read),
      address: http.address,
      localAddress: http.localAddress,
      http,
    };
  }
}

function readHttpAnswer<T extends { failureReason: string | null; compliance: string[] }>(
  http: HttpAnswer,
  read: (body: Uint8Array, family: 4 | 6) => T,
): T {
  if (http.status === 200) return read(http.body, http.family);
  const status = `HTTP status ${http.status}`;
  let answer: T;
  try {
    answer = read(http.body, http.family);
  } catch {
    throw new TrackerError(status);
  }
  answer.compliance.push(`${status}: clients take only 200 for an answer`);
  return answer;
}

class UdpConversation implements Conversation {
  readonly #url: TrackerUrl;
  readonly #options: ConversationOptions;
  #client: UdpClient | undefined;

  constructor(url: TrackerUrl, options: ConversationOptions) {
    this.#url = url;
    this.#options = options;
  }

  async announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>> {
    const client = await this.#open(deadline);
    const connectionId = await client.connect(deadline);
    const reply = await client.ask(Action.announce, deadline, (view, transactionId) =>
      encodeUdpAnnounce(view, transactionId, connectionId, question, this.#url),
    );
    const { endpoint, localAddress } = client;
    return { answer: readUdpAnnounce(reply, endpoint.family), address: endpoint.address, localAddress };
  }

  async scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>> {
    const client = await this.#open(deadline);
    const connectionId = await client.connect(deadline);
    const reply = await client.ask(Action.scrape, deadline, (view, transactionId) =>
      encodeScrapeRequest(view, 0, connectionId, transactionId, infoHashes),
    );
    const { endpoint, localAddress } = client;
    return { answer: readUdpScrape(reply, infoHashes), address: endpoint.address, localAddress };
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #open(deadline: Deadline): Promise<UdpClient> {
    if (this.#client) return this.#client;
    const { host, port } = this.#url;
    const { pinned, families = bothFamilies } = this.#options;
    const addresses = pinned === undefined ? await resolveName(host, families, deadline) : [pinned];
    const endpoints = addresses.map((address) => ({
      address,
      port,
      family: address.includes(':') ? (6 as const) : (4 as const),
    }));
    this.#client = await connectUdp(endpoints, deadline);
    return this.#client;
  }
}
