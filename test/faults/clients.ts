// Clients that announce over UDP and HTTP, ask again when no answer comes, and know how long they waited.
import { createSocket, type Socket } from 'node:dgram';
import { Agent, get } from 'node:http';
import { get as getSecurely, Agent as SecureAgent } from 'node:https';
import type { Socket as StreamSocket } from 'node:net';
import { Event } from '../../src/protocol/event.ts';
import { decodeHttpAnnounceReply } from '../../src/protocol/http-client-replies.ts';
import {
  decodeConnectReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  encodeAnnounceRequest,
  encodeConnectRequest,
} from '../../src/protocol/udp-client-packets.ts';
import { pause } from '../program.ts';
import type { ProcessorWaits } from './processor-waits.ts';

export interface Question {
  swarm: number;
  port: number;
  event: Event;
  numwant: number;
}

/** Resolves to the ports of the peers given; rejects when every try went without an answer. */
export interface Client {
  announce(question: Question): Promise<Set<number>>;
  /** The longest that any announce took, retries included; with `waits` without the time in which the machine let nobody answer. */
  longestMs: number;
  waits: ProcessorWaits | undefined;
  /** The longest, whatever it waited for. */
  longestByClockMs: number;
  /** Milliseconds of each answered announce, retries included. */
  readonly times: number[];
  retries: number;
  close(): void;
}

/** Looking at what the machine did costs more than an announce. */
const worthALookMs = 100;

function noteAnswer(client: Client, start: number): void {
  const ms = performance.now() - start;
  client.times.push(ms);
  client.longestByClockMs = Math.max(client.longestByClockMs, ms);
  if (ms <= client.longestMs) return;
  const waited = ms > worthALookMs ? (client.waits?.since(start) ?? 0) : 0;
  client.longestMs = Math.max(client.longestMs, ms - waited);
}

const tries = 20;
const retryMs = 1000;

export function infoHashOf(swarm: number): Uint8Array {
  const infoHash = Buffer.alloc(20, 0x5a);
  infoHash.writeUInt32LE(Math.imul(swarm, 0x9e3779b1) >>> 0, 0);
  infoHash.writeUInt32LE(swarm, 16);
  return infoHash;
}

function peerIdOf(port: number): Uint8Array {
  return Buffer.from(`-LG0001-${String(port).padStart(12, '0')}`, 'latin1');
}

interface Waiting {
  resolve(packet: Buffer): void;
}

export class UdpClient implements Client {
  readonly #port: number;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #packet = Buffer.alloc(128);
  #transaction = 1;
  #connection: Promise<{ connectionIdHigh: number; connectionIdLow: number }> | undefined;
  #connectedAt = 0;
  longestMs = 0;
  longestByClockMs = 0;
  waits: ProcessorWaits | undefined;
  readonly times: number[] = [];
  retries = 0;

  constructor(port: number) {
    this.#port = port;
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 ** 2 });
    // A port that nobody has just now answers with an error of ICMP, which is as good as no answer.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (packet) => {
      const view = viewOf(packet);
      if (packet.length < 8) return;
      const id = decodeReplyTransactionId(view, 0);
      this.#waiting.get(id)?.resolve(packet);
    });
  }

  async announce(question: Question): Promise<Set<number>> {
    const start = performance.now();
    for (let attempt = 0; attempt < tries; attempt++) {
      const connection = await this.#connect();
      const reply = await this.#ask((view, transactionId) =>
        encodeAnnounceRequest(view, 0, {
          ...connection,
          transactionId,
          infoHash: infoHashOf(question.swarm),
          peerId: peerIdOf(question.port),
          downloaded: 0,
          left: 1,
          uploaded: 0,
          event: question.event,
          key: 1,
          numwant: question.numwant,
          port: question.port,
        }),
      );
      if (reply !== undefined && decodeReplyAction(viewOf(reply), 0, reply.length) === 1) {
        noteAnswer(this, start);
        return portsOf(reply.subarray(20));
      }
      if (reply !== undefined) this.#connection = undefined;
      this.retries++;
    }
    throw new Error('no answer over UDP');
  }

  close(): void {
    this.#socket.close();
  }

  #connect() {
    // A client uses a connection_id for a minute.
    if (this.#connection === undefined || performance.now() - this.#connectedAt > 55_000) {
      this.#connectedAt = performance.now();
      this.#connection = this.#requestConnection();
    }
    return this.#connection;
  }

  async #requestConnection() {
    for (let attempt = 0; attempt < tries; attempt++) {
      const reply = await this.#ask((view, id) => encodeConnectRequest(view, 0, id));
      const connection = { connectionIdHigh: 0, connectionIdLow: 0 };
      if (reply && decodeConnectReply(viewOf(reply), 0, reply.length, connection)) return connection;
    }
    this.#connection = undefined;
    return { connectionIdHigh: 0, connectionIdLow: 0 };
  }

  #ask(encode: (view: DataView, transactionId: number) => number): Promise<Buffer | undefined> {
    const id = this.#transaction++ | 0;
    const length = encode(viewOf(this.#packet), id);
    return new Promise((resolve) => {
      const end = (packet: Buffer | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(packet);
      };
      const timer = setTimeout(() => end(undefined), retryMs);
      this.#waiting.set(id, { resolve: end });
      this.#socket.send(Buffer.from(this.#packet.subarray(0, length)), this.#port, '127.0.0.1');
    });
  }
}

export interface HttpClientOptions {
  /** True: a new connection for each announce. */
  fresh?: boolean;
  /** At most so many. */
  connections?: number;
  /** HTTPS, with the certificates of these authorities. */
  ca?: string;
}

const endedWhileIdle = new Error('ended while it lay idle');

export class HttpClient implements Client {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #get: typeof get;
  longestMs = 0;
  longestByClockMs = 0;
  waits: ProcessorWaits | undefined;
  readonly times: number[] = [];
  retries = 0;
  /**
   * Of connections that had lain idle for over a second when they were asked again and were ended at that moment: any server
   * may do so (RFC 9112, 9.3.1), and which one lay idle longest is what one without descriptors goes by.
   */
  endedIdle = 0;
  readonly #lastUse = new WeakMap<StreamSocket, number>();

  constructor(port: number, { fresh = false, connections = fresh ? 512 : 64, ca }: HttpClientOptions = {}) {
    this.#port = port;
    const settings = { keepAlive: !fresh, maxSockets: connections };
    this.#get = ca === undefined ? get : getSecurely;
    this.#agent =
      ca === undefined ? new Agent(settings) : new SecureAgent({ ...settings, ca, servername: 'localhost' });
  }

  async announce(question: Question): Promise<Set<number>> {
    const start = performance.now();
    for (let attempt = 0; attempt < tries; attempt++) {
      try {
        const reply = decodeHttpAnnounceReply(await this.#ask(pathOf(question)));
        if (reply.failureReason !== undefined) throw new Error(reply.failureReason);
        noteAnswer(this, start);
        return portsOf(Buffer.from(reply.peers as Uint8Array));
      } catch (error) {
        if (error === endedWhileIdle) this.endedIdle++;
        else this.retries++;
        // What a client does whose connection was reset: a new one, at once, then more patiently.
        await pause(Math.min(2000, 100 * attempt));
      }
    }
    throw new Error('no answer over HTTP');
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(path: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let socket: StreamSocket | undefined;
      let idleMs = 0;
      const request = this.#get(
        { host: '127.0.0.1', port: this.#port, path, agent: this.#agent, timeout: 3000 },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => {
            if (socket !== undefined) this.#lastUse.set(socket, performance.now());
            resolve(Buffer.concat(parts));
          });
          response.on('error', reject);
        },
      );
      request.on('socket', (given) => {
        socket = given;
        idleMs = performance.now() - (this.#lastUse.get(given) ?? performance.now());
      });
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ECONNRESET' && idleMs > 1000 ? endedWhileIdle : error),
      );
    });
  }
}

const eventNames = { [Event.started]: 'started', [Event.stopped]: 'stopped', [Event.completed]: 'completed' };

function pathOf({ swarm, port, event, numwant }: Question): string {
  const percent = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').replaceAll(/../g, '%$&');
  const name = eventNames[event as keyof typeof eventNames];
  return (
    `/announce?info_hash=${percent(infoHashOf(swarm))}&peer_id=${percent(peerIdOf(port))}&port=${port}&left=1` +
    `&compact=1&numwant=${numwant}${name ? `&event=${name}` : ''}`
  );
}

function portsOf(compact: Buffer): Set<number> {
  const ports = new Set<number>();
  for (let at = 0; at + 6 <= compact.length; at += 6) ports.add(compact.readUInt16BE(at + 4));
  return ports;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
