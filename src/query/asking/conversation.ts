// Knows how to announce to and scrape a tracker under one URL, over HTTP(S), UDP or WebSocket, keeping to the address that answered first.
import { isIP } from 'node:net';
import { formatHttpScrape } from '../../protocol/http-client-requests.ts';
import { type ConnectionIdHalves, encodeScrapeRequest } from '../../protocol/udp-client-packets.ts';
import { Action } from '../../protocol/udp-packets.ts';
import type { Deadline } from '../network/deadline.ts';
import { getHttp, type HttpAnswer, type HttpOptions, type HttpTimings } from '../network/http-client.ts';
import { bothFamilies, type Families, resolveName } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { type Scheme, scrapeUrlOf, type TrackerUrl, targetWith } from '../network/tracker-url.ts';
import { connectUdp, type UdpClient, type UdpReply } from '../network/udp-client.ts';
import { type AnnounceQuestion, encodeUdpAnnounce, formatAnnounceQuery } from './announce-question.ts';
import type { Answered, Conversation } from './answered.ts';
import { type Loss, type StepName, Stopwatch, type TimedStep } from './effort.ts';
import { readAnnounceAnswer, readScrapeAnswer, type ScrapeAnswer } from './http-answer.ts';
import type { AnnounceAnswer } from './tracker-answer.ts';
import { readUdpAnnounce, readUdpScrape } from './udp-answer.ts';
import { WebSocketConversation } from './websocket-conversation.ts';

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
  ws: (url, options) => new WebSocketConversation(url, options),
  wss: (url, options) => new WebSocketConversation(url, options),
};

class HttpConversation implements Conversation {
  readonly #url: TrackerUrl;
  readonly #options: ConversationOptions;
  #pinned: string | undefined;
  #sent = 0;
  #answered = 0;

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

  get loss(): Loss {
    return { unit: 'request', sent: this.#sent, lost: this.#sent - this.#answered };
  }

  close(): void {}

  async #ask<T extends { failureReason: string | null; compliance: string[] }>(
    url: TrackerUrl,
    query: string,
    deadline: Deadline,
    read: (body: Uint8Array, family: 4 | 6) => T,
  ): Promise<Answered<T>> {
    const options = this.#pinned === undefined ? this.#options : { ...this.#options, pinned: this.#pinned };
    this.#sent++;
    const http = await getHttp(url, targetWith(url, query), options, deadline);
    this.#answered++;
    // A repeated question, and `stopped` above all, must reach the machine that holds our record.
    if (http.redirects.length === 0) this.#pinned = http.address;
    return {
      answer: readHttpAnswer(http, read),
      address: http.address,
      localAddress: http.localAddress,
      steps: stepsOf(http.timings),
      http,
    };
  }
}

function stepsOf({ resolveMs, connectMs, tlsMs, answerMs }: HttpTimings): TimedStep[] {
  const steps: [StepName, number | null][] = [
    ['DNS', resolveMs],
    ['connect', connectMs],
    ['TLS', tlsMs],
    ['first byte', answerMs],
  ];
  return steps.flatMap(([name, ms]) => (ms === null ? [] : [{ name, ms }]));
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
  readonly #packets = { sent: 0, answered: 0 };
  #client: UdpClient | undefined;

  constructor(url: TrackerUrl, options: ConversationOptions) {
    this.#url = url;
    this.#options = options;
  }

  async announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>> {
    const encode: Encode = (view, transactionId, connectionId) =>
      encodeUdpAnnounce(view, transactionId, connectionId, question, this.#url);
    return await this.#ask('announce', encode, readUdpAnnounce, deadline);
  }

  async scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>> {
    const encode: Encode = (view, transactionId, connectionId) =>
      encodeScrapeRequest(view, 0, connectionId, transactionId, infoHashes);
    return await this.#ask('scrape', encode, (reply) => readUdpScrape(reply, infoHashes), deadline);
  }

  get loss(): Loss {
    const { sent, answered } = this.#packets;
    return { unit: 'packet', sent, lost: sent - answered };
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #ask<T>(
    what: 'announce' | 'scrape',
    encode: Encode,
    read: (reply: UdpReply, family: 4 | 6) => T,
    deadline: Deadline,
  ): Promise<Answered<T>> {
    const stopwatch = new Stopwatch();
    const client = await this.#open(stopwatch, deadline);
    const connect = () => client.connect(deadline);
    const connectionId = client.connected ? await connect() : await stopwatch.time('connect', connect);
    const reply = await stopwatch.time(what, () =>
      client.ask(Action[what], deadline, (view, transactionId) => encode(view, transactionId, connectionId)),
    );
    const { endpoint, localAddress } = client;
    const answer = read(reply, endpoint.family);
    return { answer, address: endpoint.address, localAddress, steps: stopwatch.steps };
  }

  async #open(stopwatch: Stopwatch, deadline: Deadline): Promise<UdpClient> {
    if (this.#client) return this.#client;
    const { host, port } = this.#url;
    const { pinned, families = bothFamilies } = this.#options;
    const resolve = () => resolveName(host, families, deadline);
    const addresses =
      pinned !== undefined ? [pinned] : isIP(host) ? await resolve() : await stopwatch.time('DNS', resolve);
    const endpoints = addresses.map((address) => ({
      address,
      port,
      family: address.includes(':') ? (6 as const) : (4 as const),
    }));
    this.#client = await stopwatch.time('connect', () => connectUdp(endpoints, deadline, this.#packets));
    return this.#client;
  }
}

type Encode = (view: DataView, transactionId: number, connectionId: ConnectionIdHalves) => number;
