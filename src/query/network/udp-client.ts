// Knows a conversation with a UDP tracker (BEP 15): one connected socket, a connection_id, and questions sent again until answered.

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { formatCount } from '../../cli/format-count.ts';
import {
  type ConnectionIdHalves,
  decodeConnectReply,
  decodeErrorReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  encodeConnectRequest,
} from '../../protocol/udp-client-packets.ts';
import { Action, connectRequestBytes } from '../../protocol/udp-packets.ts';
import type { Deadline } from './deadline.ts';
import type { Endpoint } from './name-lookup.ts';
import { formatEndpoint, reasonOf, staggered } from './tcp-connect.ts';
import { TrackerError } from './tracker-error.ts';

/** Packets sent, each one that was sent again too, and those that were answered. */
export interface PacketCount {
  sent: number;
  answered: number;
}

/** The reply's bytes, or the text of an error packet. */
export type UdpReply = { error: string } | { packet: Uint8Array; view: DataView };

// A client may use a connection_id for a minute after it was issued (BEP 15).
const connectionIdMs = 60_000;
// The next address gets its turn this long after the one before it, which may still win.
const staggerMs = 1000;

/**
 * A socket that is connected to one endpoint of a tracker: the kernel drops what any other endpoint sends, and what
 * comes from the tracker counts only with our transaction_id and the action asked for.
 */
export class UdpClient {
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { action: number; settle: (reply: UdpReply | TrackerError) => void }>();
  readonly #ignored = new Map<string, number>();
  readonly #count: PacketCount;
  #failure: TrackerError | undefined;
  #connectionId: ConnectionIdHalves | undefined;
  #connectedMs = 0;

  constructor(endpoint: Endpoint, socket: Socket, count: PacketCount = { sent: 0, answered: 0 }) {
    this.endpoint = endpoint;
    this.#count = count;
    this.#socket = socket;
    socket.on('message', (packet) => this.#receive(packet));
    socket.on('error', (error) => this.#fail(error));
  }

  /** A socket on a free port, connected to the endpoint; `count` goes on with what it sends. Throws a TrackerError. */
  static async open(endpoint: Endpoint, deadline: Deadline, count?: PacketCount): Promise<UdpClient> {
    const socket = createSocket(endpoint.family === 6 ? 'udp6' : 'udp4');
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(endpoint.port, endpoint.address, (error?: Error) => (error ? reject(error) : resolve()));
    });
    try {
      await deadline.race(connected);
    } catch (error) {
      socket.close();
      if (error instanceof TrackerError) throw error;
      throw new TrackerError(`${formatEndpoint(endpoint.address, endpoint.port)}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    socket.removeAllListeners('error');
    return new UdpClient(endpoint, socket, count);
  }

  /** Ours; empty once it is closed. */
  get localAddress(): string {
    return this.#failure === undefined ? this.#socket.address().address : '';
  }

  close(): void {
    if (this.#failure === undefined) this.#failure = new TrackerError('closed');
    this.#socket.close();
  }

  /** Whether a connection_id is in force, so that `connect` asks for none. */
  get connected(): boolean {
    return this.#connectionId !== undefined && performance.now() - this.#connectedMs < connectionIdMs;
  }

  /** The connection_id in force; a new one is asked for when there is none or it is a minute old. */
  async connect(deadline: Deadline): Promise<ConnectionIdHalves> {
    if (this.#connectionId && this.connected) return this.#connectionId;
    const reply = await this.ask(Action.connect, deadline, (view, transactionId) => {
      encodeConnectRequest(view, 0, transactionId);
      return connectRequestBytes;
    });
    if ('error' in reply) throw new TrackerError(`connect refused: ${reply.error}`);
    const connectionId = { connectionIdHigh: 0, connectionIdLow: 0 };
    if (!decodeConnectReply(reply.view, 0, reply.packet.length, connectionId)) {
      throw new TrackerError(`connect reply of ${formatCount(reply.packet.length, 'byte')}; 16 are needed`);
    }
    this.#connectionId = connectionId;
    this.#connectedMs = performance.now();
    return connectionId;
  }

  forgetConnectionId(): void {
    this.#connectionId = undefined;
  }

  /**
   * Sends what `encode` writes and waits for its answer. Sent again after a quarter of the deadline, at most the 15 s of
   * BEP 15, and then after twice as long each time.
   */
  async ask(
    action: number,
    deadline: Deadline,
    encode: (view: DataView, transactionId: number) => number,
  ): Promise<UdpReply> {
    const transactionId = randomBytes(4).readInt32BE();
    const request = new Uint8Array(8192);
    const length = encode(new DataView(request.buffer), transactionId);
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<UdpReply>((resolve, reject) => {
      const settle = (reply: UdpReply | TrackerError) =>
        reply instanceof TrackerError ? reject(reply) : resolve(reply);
      if (this.#failure) return reject(this.#failure);
      this.#waiting.set(transactionId, { action, settle });
      let waitMs = Math.min(15_000, deadline.seconds * 250);
      const send = () => {
        this.#count.sent++;
        this.#socket.send(request, 0, length, (error) => error && this.#fail(error));
        timer = setTimeout(send, waitMs);
        waitMs *= 2;
      };
      send();
    });
    try {
      const reply = await deadline.race(answered);
      this.#count.answered++;
      return reply;
    } catch (error) {
      throw error === deadline.signal.reason ? this.#explain(error as TrackerError) : error;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(transactionId);
    }
  }

  #receive(packet: Buffer): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const action = decodeReplyAction(view, 0, packet.length);
    const waiting = action === undefined ? undefined : this.#waiting.get(decodeReplyTransactionId(view, 0));
    if (action === undefined) this.#ignore('too short');
    else if (!waiting) this.#ignore('with another transaction_id');
    else if (action === Action.error) waiting.settle({ error: decodeErrorReply(packet, 0, packet.length) });
    else if (action === waiting.action) waiting.settle({ packet, view });
    else this.#ignore(`with action ${action}`);
  }

  #ignore(what: string): void {
    // A tracker may invent any action; the list of what was ignored stays short all the same.
    const known = this.#ignored.has(what) || this.#ignored.size < 4 ? what : 'of other kinds';
    this.#ignored.set(known, (this.#ignored.get(known) ?? 0) + 1);
  }

  #fail(error: Error): void {
    const { address, port } = this.endpoint;
    this.#failure = new TrackerError(`${formatEndpoint(address, port)}: ${reasonOf(error)}`, {
      cause: error,
    });
    for (const { settle } of this.#waiting.values()) settle(this.#failure);
  }

  #explain(expired: TrackerError): Error {
    if (this.#ignored.size === 0) return expired;
    const ignored = [...this.#ignored].map(([what, count]) => `${count} ${what}`).join(', ');
    return new TrackerError(`${expired.message} (packets ignored: ${ignored})`);
  }
}

/** A client of the first endpoint that answers a connect request; the others are closed. Throws a TrackerError. */
export async function connectUdp(
  endpoints: readonly Endpoint[],
  deadline: Deadline,
  count?: PacketCount,
): Promise<UdpClient> {
  const clients = new Set<UdpClient>();
  let chosen: UdpClient | undefined;
  let over = false;
  const attempt = async (endpoint: Endpoint): Promise<UdpClient> => {
    const client = await UdpClient.open(endpoint, deadline, count);
    clients.add(client);
    if (over) client.close();
    await client.connect(deadline);
    return client;
  };
  try {
    chosen = await staggered(endpoints, attempt, staggerMs, () => {});
    return chosen;
  } finally {
    over = true;
    for (const client of clients) if (client !== chosen) client.close();
  }
}
