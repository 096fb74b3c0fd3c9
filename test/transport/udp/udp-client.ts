// A UDP client for tests: sends whole packets or raw bytes and waits, briefly, for what comes back.
import { createSocket, type Socket } from 'node:dgram';
import { decodeCompactPeers, formatPeer } from '../../../src/protocol/compact-peers.ts';
import {
  type ConnectionIdHalves,
  decodeAnnounceReply,
  decodeConnectReply,
  decodeErrorReply,
  decodeReplyAction,
  decodeScrapeCounts,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../../../src/protocol/udp-client-packets.ts';
import { Action } from '../../../src/protocol/udp-packets.ts';
import type { ContractAnnounce, ContractCounts, ContractReply } from '../contract.ts';

const transactionId = 0x1234567;
const patienceMs = 2000;

export class UdpClient {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #host: string;
  #waiting: ((packet: Buffer | undefined) => void) | undefined;

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
    socket.on('message', (packet) => this.#waiting?.(packet));
  }

  /** A client bound to `from` (an address of this machine) that talks to the tracker at `host` and `port`. */
  static async open(host: string, port: number, from = host): Promise<UdpClient> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    return new UdpClient(socket, host, port);
  }

  /** Sends bytes and resolves with the answer, or undefined when none comes in time. */
  exchange(packet: Uint8Array, waitMs = patienceMs): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#waiting?.(undefined), waitMs);
      this.#waiting = (answer) => {
        this.#waiting = undefined;
        clearTimeout(timer);
        resolve(answer);
      };
      this.#socket.send(packet, this.#port, this.#host);
    });
  }

  send(packet: Uint8Array): void {
    this.#socket.send(packet, this.#port, this.#host);
  }

  async connect(): Promise<ConnectionIdHalves> {
    const request = Buffer.alloc(16);
    encodeConnectRequest(viewOf(request), 0, transactionId);
    const reply = await this.#reply(request, Action.connect);
    const id = { connectionIdHigh: 0, connectionIdLow: 0 };
    if (!decodeConnectReply(viewOf(reply), 0, reply.length, id)) throw new Error('a broken connect reply');
    return id;
  }

  async announce(question: ContractAnnounce): Promise<ContractReply> {
    const reply = await this.#reply(announcePacket(await this.connect(), question), Action.announce);
    const counts = { interval: 0, incomplete: 0, complete: 0 };
    if (!decodeAnnounceReply(viewOf(reply), 0, reply.length, counts))
      throw new Error('a broken announce reply');
    const peers = decodeCompactPeers(reply.subarray(20), this.#host.includes(':') ? 6 : 4);
    if (peers === undefined) throw new Error('a broken peer list');
    return { ...counts, peers: peers.map(formatPeer) };
  }

  async scrape(infoHashes: readonly Uint8Array[]): Promise<(ContractCounts | undefined)[]> {
    const reply = await this.#reply(scrapePacket(await this.connect(), infoHashes), Action.scrape);
    return infoHashes.map((_, index) => {
      const counts = { complete: 0, downloaded: 0, incomplete: 0 };
      return decodeScrapeCounts(viewOf(reply), 0, reply.length, index, counts) ? counts : undefined;
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  async #reply(request: Uint8Array, action: number): Promise<Buffer> {
    const reply = await this.exchange(request);
    if (reply === undefined) throw new Error('no answer');
    const found = decodeReplyAction(viewOf(reply), 0, reply.length);
    if (found === Action.error) throw new Error(decodeErrorReply(reply, 0, reply.length));
    if (found !== action) throw new Error(`action ${found} instead of ${action}`);
    if (reply.readInt32BE(4) !== transactionId) throw new Error('another transaction_id');
    return reply;
  }
}

export function announcePacket(id: ConnectionIdHalves, question: ContractAnnounce): Buffer {
  const packet = Buffer.alloc(98);
  const rest = { transactionId, downloaded: 0, uploaded: 0, key: 7 };
  encodeAnnounceRequest(viewOf(packet), 0, { ...id, ...rest, ...question });
  return packet;
}

export function scrapePacket(id: ConnectionIdHalves, infoHashes: readonly Uint8Array[]): Buffer {
  const packet = Buffer.alloc(16 + 20 * infoHashes.length);
  encodeScrapeRequest(viewOf(packet), 0, id, transactionId, infoHashes);
  return packet;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
