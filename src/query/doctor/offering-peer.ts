// Knows how the doctor plays a WebTorrent peer: it offers, hears what comes, and answers, over a connection of its own.
import {
  type ClientOffer,
  formatWebTorrentAnnounce,
  formatWebTorrentAnswer,
  type WebTorrentTrackerMessage,
} from '../../protocol/webtorrent-client.ts';
import type { EventName } from '../asking/announce-question.ts';
import { createIdentity } from '../asking/identity.ts';
import { answers, readTrackerMessage } from '../asking/websocket-conversation.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { openWebSocket, type WebSocketClient } from '../network/websocket-client.ts';
import type { Examination } from './examination.ts';

/** What comes at all comes soon. */
const hearSeconds = 3;

export class OfferingPeer {
  readonly client: WebSocketClient;
  readonly infoHash: Uint8Array;
  readonly peerId = createIdentity().peerId;
  readonly #examination: Examination;
  /** What came while something else was waited for. */
  #heard: WebTorrentTrackerMessage[] = [];

  private constructor(examination: Examination, client: WebSocketClient, infoHash: Uint8Array) {
    this.#examination = examination;
    this.client = client;
    this.infoHash = infoHash;
  }

  static async open(
    examination: Examination,
    endpoint: Endpoint,
    infoHash: Uint8Array,
  ): Promise<OfferingPeer> {
    const options = { userAgent: createIdentity().userAgent, pinned: endpoint.address, insecure: true };
    const client = await examination.within((deadline) => openWebSocket(examination.url, options, deadline));
    return new OfferingPeer(examination, client, infoHash);
  }

  /** Announces as a leecher; the reply. Throws a TrackerError when none comes. */
  async announce(event: EventName, offers: readonly ClientOffer[] = []): Promise<WebTorrentTrackerMessage> {
    const { infoHash, peerId } = this;
    const numwant = Math.max(1, offers.length);
    this.client.send(
      formatWebTorrentAnnounce({ infoHash, peerId, left: 1_000_000_000, event, numwant, offers }),
    );
    const reply = await this.hear(
      (message) => answers(message, 'announce', infoHash),
      this.#examination.options.timeoutSeconds,
    );
    if (!reply) throw new TrackerError('an announce is not answered', { trouble: 'answer-silent' });
    return reply;
  }

  answer(to: OfferingPeer, offerId: Uint8Array, sdp: string): void {
    const { infoHash, peerId } = this;
    this.client.send(formatWebTorrentAnswer({ infoHash, peerId, toPeerId: to.peerId, offerId, sdp }));
  }

  /** The first message that is wanted, come already or coming in time. */
  async hear(
    isWanted: (message: WebTorrentTrackerMessage) => boolean,
    seconds = hearSeconds,
  ): Promise<WebTorrentTrackerMessage | undefined> {
    const index = this.#heard.findIndex(isWanted);
    if (index >= 0) return this.#heard.splice(index, 1)[0];
    try {
      return await this.#examination.within(async (deadline) => {
        for (;;) {
          const message = readTrackerMessage(await this.client.receive(deadline));
          if (isWanted(message)) return message;
          this.#heard.push(message);
        }
      }, seconds);
    } catch (error) {
      if (!(error instanceof TrackerError) || this.client.ended || error.answered) throw error;
      return undefined;
    }
  }
}

/** Gives `work` two peers of one swarm, each with its connection, and takes them away again. */
export async function withOfferingPeers(
  examination: Examination,
  endpoint: Endpoint,
  infoHash: Uint8Array,
  work: (a: OfferingPeer, b: OfferingPeer) => Promise<void>,
): Promise<void> {
  const a = await OfferingPeer.open(examination, endpoint, infoHash);
  try {
    const b = await OfferingPeer.open(examination, endpoint, infoHash);
    try {
      await work(a, b);
    } finally {
      b.client.close();
    }
  } finally {
    a.client.close();
  }
}
