// A UDP client on an address of its own: announces, waits for each answer, and notes how long it took.
import { createSocket, type Socket } from 'node:dgram';
import { Event } from '../../src/protocol/event.ts';
import {
  decodeConnectReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  decodeScrapeCounts,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../../src/protocol/udp-client-packets.ts';
import { infoHashOf } from './clients.ts';

const tries = 20;
const retryMs = 1000;
/** A connection_id lasts two minutes at least. */
const connectionMs = 60_000;
const peerId = Buffer.from('-LG0001-000000000000', 'latin1');

export interface Target {
  host: string;
  port: number;
}

/** The public address number `n` of those in network (/24) number `network`: 11.x.y.1 and so on. */
export function addressOf(network: number, n = 1): string {
  return `11.${1 + (network >> 8)}.${network & 255}.${n}`;
}

/** The public address of subnet (/56) number `subnet` of IPv6 network (/48) number `network`: 2a00:x:y:zz00::1. */
export function address6Of(network: number, subnet = 0): string {
  return `2a00:${(network >> 16).toString(16)}:${(network & 0xffff).toString(16)}:${(subnet << 8).toString(16)}::1`;
}

export class AddressClient {
  readonly #socket: Socket;
  readonly #target: Target;
  readonly #packet = Buffer.alloc(128);
  readonly #view = new DataView(this.#packet.buffer, this.#packet.byteOffset, 128);
  readonly #waiting = new Map<number, (packet: Buffer) => void>();
  readonly #connection = { connectionIdHigh: 0, connectionIdLow: 0 };
  #connectedAt = Number.NEGATIVE_INFINITY;
  #transaction = 0;
  /** Milliseconds of each answered announce, retries included. */
  readonly times: number[] = [];
  retries = 0;
  /** Every packet that came. */
  received = 0;

  private constructor(socket: Socket, target: Target) {
    this.#socket = socket;
    this.#target = target;
    socket.on('error', () => {});
    socket.on('message', (packet) => {
      this.received++;
      if (packet.length < 8) return;
      this.#waiting.get(decodeReplyTransactionId(viewOf(packet), 0))?.(packet);
    });
  }

  static async open(address: string, target: Target): Promise<AddressClient> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1024 ** 2 });
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    return new AddressClient(socket, target);
  }

  /** Takes the peer at `port` out of the swarm; as `announce`. */
  stop(swarm: number, port: number): Promise<void> {
    return this.announce(swarm, port, Event.stopped);
  }

  /** Resolves when answered with peers; rejects with what the tracker says, or when it says nothing. */
  async announce(swarm: number, port: number, event: Event = Event.started): Promise<void> {
    const start = performance.now();
    for (let attempt = 0; attempt < tries; attempt++) {
      await this.connect();
      const reply = await this.#ask((id) => this.#encodeAnnounce(swarm, port, id, event));
      if (reply !== undefined && decodeReplyAction(viewOf(reply), 0, reply.length) === 1) {
        this.times.push(performance.now() - start);
        return;
      }
      if (reply !== undefined) throw new Error(reply.toString('latin1', 8));
      this.retries++;
    }
    throw new Error('no answer');
  }

  /** How many peers a swarm has. */
  async count(swarm: number): Promise<number> {
    const counts = { complete: 0, downloaded: 0, incomplete: 0 };
    for (let attempt = 0; attempt < tries; attempt++) {
      await this.connect();
      const reply = await this.#ask((transactionId) =>
        encodeScrapeRequest(this.#view, 0, this.#connection, transactionId, [infoHashOf(swarm)]),
      );
      if (reply !== undefined && decodeScrapeCounts(viewOf(reply), 0, reply.length, 0, counts))
        return counts.complete + counts.incomplete;
    }
    throw new Error('no answer to a scrape');
  }

  /** Sends an announce and does not wait. */
  send(swarm: number, port: number): void {
    this.#send(this.#encodeAnnounce(swarm, port, 0x7fffffff));
  }

  async connect(): Promise<void> {
    for (let attempt = 0; performance.now() - this.#connectedAt > connectionMs; attempt++) {
      if (attempt === tries) throw new Error('no answer to connect');
      const reply = await this.#ask((id) => encodeConnectRequest(this.#view, 0, id));
      if (reply && decodeConnectReply(viewOf(reply), 0, reply.length, this.#connection))
        this.#connectedAt = performance.now();
    }
  }

  close(): void {
    this.#socket.close();
  }

  #encodeAnnounce(swarm: number, port: number, transactionId: number, event: Event = Event.started): number {
    return encodeAnnounceRequest(this.#view, 0, {
      ...this.#connection,
      transactionId,
      infoHash: infoHashOf(swarm),
      peerId,
      downloaded: 0,
      left: 1,
      uploaded: 0,
      event,
      key: 1,
      numwant: 30,
      port,
    });
  }

  #ask(encode: (transactionId: number) => number): Promise<Buffer | undefined> {
    const id = ++this.#transaction;
    const length = encode(id);
    return new Promise((resolve) => {
      const end = (packet: Buffer | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(packet);
      };
      const timer = setTimeout(() => end(undefined), retryMs);
      this.#waiting.set(id, end);
      this.#send(length);
    });
  }

  #send(length: number): void {
    const { host, port } = this.#target;
    this.#socket.send(Buffer.from(this.#packet.subarray(0, length)), port, host);
  }
}

/** The value below which 99 of 100 are. */
export function p99Of(times: readonly number[]): number {
  const sorted = Float64Array.from(times).sort();
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
