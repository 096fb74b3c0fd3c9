// Knows how to announce to and scrape a WebTorrent tracker: over one connection, since a peer is known as long as it stands.
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import {
  decodeWebTorrentTracker,
  formatWebTorrentAnnounce,
  formatWebTorrentScrape,
  type WebTorrentTrackerMessage,
} from '../../protocol/webtorrent-client.ts';
import { type Deadline, within } from '../network/deadline.ts';
import type { HttpOptions } from '../network/http-client.ts';
import { TrackerError } from '../network/tracker-error.ts';
import type { TrackerUrl } from '../network/tracker-url.ts';
import { openWebSocket, type WebSocketClient } from '../network/websocket-client.ts';
import { cutText, decodeText } from '../terminal/sanitise.ts';
import type { AnnounceQuestion } from './announce-question.ts';
import type { Answered, Conversation } from './answered.ts';
import type { Loss, TimedStep } from './effort.ts';
import { formatPeerId, type ScrapeAnswer } from './http-answer.ts';
import { createDescription } from './session-description.ts';
import { type AnnounceAnswer, createAnswer, maxListed } from './tracker-answer.ts';

/** What clients offer at most, and trackers relay. */
const maxOffers = 10;
/** How long the peers that were offered to may take. */
const peersWaitMs = 2000;

export class WebSocketConversation implements Conversation {
  readonly #url: TrackerUrl;
  readonly #options: HttpOptions;
  #pinned: string | undefined;
  #client: WebSocketClient | undefined;
  #sent = 0;
  #answered = 0;

  constructor(url: TrackerUrl, options: HttpOptions) {
    this.#url = url;
    this.#options = options;
    this.#pinned = options.pinned;
  }

  async announce(question: AnnounceQuestion, deadline: Deadline): Promise<Answered<AnnounceAnswer>> {
    return await this.#ask('announce', (client) => announceOver(client, question, deadline), deadline);
  }

  async scrape(infoHashes: readonly Uint8Array[], deadline: Deadline): Promise<Answered<ScrapeAnswer>> {
    return await this.#ask('scrape', (client) => scrapeOver(client, infoHashes, deadline), deadline);
  }

  get loss(): Loss {
    return { unit: 'request', sent: this.#sent, lost: this.#sent - this.#answered };
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #ask<T>(
    what: 'announce' | 'scrape',
    ask: (client: WebSocketClient) => Promise<Asked<T>>,
    deadline: Deadline,
  ): Promise<Answered<T>> {
    this.#sent++;
    const steps: TimedStep[] = [];
    const client = await this.#open(steps, deadline);
    const askedMs = performance.now();
    const { answer, waitedMs } = await ask(client);
    this.#answered++;
    steps.push({ name: what, ms: performance.now() - askedMs - waitedMs });
    const { address, localAddress } = client;
    return { answer, address, localAddress, steps, waitedMs };
  }

  async #open(steps: TimedStep[], deadline: Deadline): Promise<WebSocketClient> {
    if (this.#client && !this.#client.ended) return this.#client;
    const options = this.#pinned === undefined ? this.#options : { ...this.#options, pinned: this.#pinned };
    const client = await openWebSocket(this.#url, options, deadline);
    const { resolveMs, connectMs, tlsMs, upgradeMs } = client.timings;
    if (this.#pinned === undefined && !isIP(this.#url.host)) steps.push({ name: 'DNS', ms: resolveMs });
    steps.push({ name: 'connect', ms: connectMs });
    if (tlsMs !== null) steps.push({ name: 'TLS', ms: tlsMs });
    steps.push({ name: 'upgrade', ms: upgradeMs });
    this.#client = client;
    this.#pinned = client.address;
    return client;
  }
}

/** What was answered; `waitedMs` went by behind it, to hear of peers. */
export interface Asked<T> {
  answer: T;
  waitedMs: number;
}

async function scrapeOver(
  client: WebSocketClient,
  infoHashes: readonly Uint8Array[],
  deadline: Deadline,
): Promise<Asked<ScrapeAnswer>> {
  client.send(formatWebTorrentScrape(infoHashes));
  let reply: WebTorrentTrackerMessage;
  do reply = await receive(client, deadline);
  while (!answers(reply, 'scrape', undefined));
  return { answer: readScrape(reply), waitedMs: 0 };
}

/** Announces over an open connection. */
export async function announceOver(
  client: WebSocketClient,
  question: AnnounceQuestion,
  deadline: Deadline,
): Promise<Asked<AnnounceAnswer>> {
  const { infoHash, identity, left, event, numwant } = question;
  const offers = question.listPeers ? Math.min(maxOffers, numwant < 0 ? maxOffers : numwant) : 0;
  client.send(
    formatWebTorrentAnnounce({
      infoHash,
      peerId: identity.peerId,
      left,
      event,
      numwant,
      offers: Array.from({ length: offers }, () => ({
        offerId: new Uint8Array(randomBytes(20)),
        sdp: createDescription('offer'),
      })),
    }),
  );
  const peers = new PeersSeen();
  let reply: WebTorrentTrackerMessage;
  do {
    reply = await receive(client, deadline);
    peers.add(reply);
  } while (!answers(reply, 'announce', infoHash));
  const repliedMs = performance.now();
  if (offers > 0 && reply.failureReason === undefined) await hearPeers(client, peers, deadline);
  return { answer: readAnnounce(reply, peers), waitedMs: performance.now() - repliedMs };
}

/** Collects the answers that come in time, and the offers of others. */
async function hearPeers(client: WebSocketClient, peers: PeersSeen, deadline: Deadline): Promise<void> {
  const untilMs = performance.now() + Math.min(peersWaitMs, deadline.remainingMs / 2);
  for (;;) {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || client.ended) return;
    try {
      peers.add(await within(leftMs / 1000, deadline.signal, (shorter) => receive(client, shorter)));
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      return;
    }
  }
}

/** Those that sent an offer or an answer. */
class PeersSeen {
  readonly ids = new Map<string, Uint8Array>();

  add({ peerId, offer, answer }: WebTorrentTrackerMessage): void {
    if (peerId === undefined || (offer ?? answer) === undefined || this.ids.size >= maxListed) return;
    this.ids.set(Buffer.from(peerId).toString('latin1'), peerId);
  }
}

async function receive(client: WebSocketClient, deadline: Deadline): Promise<WebTorrentTrackerMessage> {
  return readTrackerMessage(await client.receive(deadline));
}

/** Throws a TrackerError when `text` is no message that a client can read. */
export function readTrackerMessage(text: string): WebTorrentTrackerMessage {
  try {
    return decodeWebTorrentTracker(text, maxListed);
  } catch (error) {
    const begins =
      text === '' ? 'it is empty' : `it begins '${decodeText(Buffer.from(text.slice(0, 40)), 40)}'`;
    throw new TrackerError(`a message is not a JSON object (${begins})`, { answered: true, cause: error });
  }
}

/** Whether a message is the reply to an announce of `infoHash`, or to a scrape. */
export function answers(
  message: WebTorrentTrackerMessage,
  action: 'announce' | 'scrape',
  infoHash: Uint8Array | undefined,
): boolean {
  if (message.offer !== undefined || message.answer !== undefined) return false;
  if (message.action !== undefined && message.action !== action) return false;
  if (infoHash && message.infoHash && Buffer.compare(infoHash, message.infoHash) !== 0) return false;
  const { interval, failureReason, findings } = message;
  const says = interval !== undefined || failureReason !== undefined || findings.length > 0;
  return action === 'scrape' || says || message.infoHash !== undefined;
}

function readAnnounce(reply: WebTorrentTrackerMessage, peers: PeersSeen): AnnounceAnswer {
  const listed = [...peers.ids.values()].map((peerId) => ({
    ip: '',
    port: 0,
    type: 'webrtc' as const,
    peerId: formatPeerId(peerId),
    hostname: null,
  }));
  return {
    ...createAnswer(),
    interval: reply.interval ?? null,
    minInterval: reply.minInterval ?? null,
    complete: reply.complete ?? null,
    incomplete: reply.incomplete ?? null,
    downloaded: reply.downloaded ?? null,
    webrtcPeers: listed.length,
    peers: listed,
    warningMessage: textOf(reply.warningMessage),
    failureReason: textOf(reply.failureReason),
    trackerId: textOf(reply.trackerId),
    compliance: reply.findings,
  };
}

function readScrape(reply: WebTorrentTrackerMessage): ScrapeAnswer {
  return {
    failureReason: textOf(reply.failureReason),
    minRequestInterval: reply.minRequestInterval ?? null,
    torrentCount: reply.fileCount,
    torrents: (reply.files ?? []).map(({ key, complete, incomplete, downloaded }) => ({
      infoHash: Buffer.from(key.slice(0, 64), 'latin1').toString('hex'),
      complete: complete ?? null,
      incomplete: incomplete ?? null,
      downloaded: downloaded ?? null,
      downloaders: null,
      name: null,
    })),
    compliance: reply.findings,
  };
}

function textOf(text: string | undefined): string | null {
  return text === undefined ? null : cutText(text, 1000);
}
