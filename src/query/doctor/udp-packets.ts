// Knows the packets, good and bad ones, that the doctor sends to a UDP tracker.
import { randomBytes } from 'node:crypto';
import {
  type ConnectionIdHalves,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../../protocol/udp-client-packets.ts';
import { type EventName, encodeUdpAnnounce } from '../asking/announce-question.ts';
import { createIdentity } from '../asking/identity.ts';
import type { TrackerUrl } from '../network/tracker-url.ts';

/** One peer of one torrent, as raw packets. */
export class PacketMaker {
  readonly #url: TrackerUrl;
  readonly #peer: { infoHash: Uint8Array; identity: ReturnType<typeof createIdentity>; port: number };

  constructor(url: TrackerUrl, infoHash: Uint8Array) {
    this.#url = url;
    this.#peer = { infoHash, identity: createIdentity(), port: 6881 };
  }

  connect(transactionId: number): Uint8Array {
    const packet = new Uint8Array(16);
    encodeConnectRequest(new DataView(packet.buffer), 0, transactionId);
    return packet;
  }

  /** With the URL's path as BEP 41 options. */
  announce(
    connectionId: ConnectionIdHalves,
    event: EventName = 'started',
    transactionId = randomId(),
  ): Uint8Array {
    const packet = new Uint8Array(8192);
    const question = { ...this.#peer, event, left: 1, numwant: 10 };
    const { path, query } = this.#url;
    const length = encodeUdpAnnounce(new DataView(packet.buffer), transactionId, connectionId, question, {
      path: path === '/' ? '/announce' : path,
      query,
    });
    return packet.subarray(0, length);
  }

  scrape(connectionId: ConnectionIdHalves): Uint8Array {
    const packet = new Uint8Array(36);
    encodeScrapeRequest(new DataView(packet.buffer), 0, connectionId, randomId(), [this.#peer.infoHash]);
    return packet;
  }
}

export function randomId(): number {
  return randomBytes(4).readInt32BE();
}

export function randomConnectionId(): ConnectionIdHalves {
  return { connectionIdHigh: randomId(), connectionIdLow: randomId() };
}
