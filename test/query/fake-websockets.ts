// Knows how to play a WebTorrent tracker for tracker-query: one that keeps the rules but for one fault, and sockets that answer anything.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { upgradeAnswer } from '../../src/protocol/websocket-handshake.ts';
import {
  type PartialMessage,
  WebSocketReader,
  type WebSocketSink,
} from '../../src/protocol/websocket-reader.ts';
import { frame } from '../protocol/websocket-log.ts';
import { startTcp } from './fake-trackers.ts';

const digest = (text: string) => createHash('sha1').update(text, 'latin1').digest('base64');

export const serverFrame = (opcode: number, payload: string | Uint8Array) =>
  frame({ opcode, payload, mask: null });

/** One connection that was upgraded. */
export class FakeConnection {
  readonly socket: Socket;
  onMessage: (text: string) => void = () => {};
  onPing: (payload: Buffer) => void = (payload) => this.write(serverFrame(10, payload));
  readonly #reader = new WebSocketReader('client', 1 << 20);
  #partial: PartialMessage | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(message: unknown): void {
    this.write(serverFrame(1, typeof message === 'string' ? message : JSON.stringify(message)));
  }

  write(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  read(bytes: Buffer): void {
    this.#partial = this.#reader.read(this.#partial, bytes, 0, bytes.length, this.#sink);
  }

  readonly #sink: WebSocketSink = {
    message: (bytes, at, end) => {
      this.onMessage(Buffer.from(bytes.subarray(at, end)).toString());
      return true;
    },
    ping: (bytes, at, end) => {
      this.onPing(Buffer.from(bytes.subarray(at, end)));
      return true;
    },
    pong: () => true,
    close: () => this.socket.end(),
    broken: () => this.socket.destroy(),
  };
}

/** A server that upgrades every connection; `fields` change what the 101 says. */
export async function startWebSockets(
  t: TestContext,
  connected: (connection: FakeConnection) => void,
  fields: (good: Record<string, string>) => Record<string, string> = (good) => good,
): Promise<string> {
  const origin = await startTcp(t, (socket) => {
    let head = Buffer.alloc(0);
    let connection: FakeConnection | undefined;
    socket.on('data', (bytes) => {
      if (connection) return connection.read(bytes as Buffer);
      head = Buffer.concat([head, bytes as Buffer]);
      const end = head.indexOf('\r\n\r\n');
      const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(head.toString('latin1'))?.[1];
      if (end < 0) return;
      if (key === undefined) return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      const answer = fields(Object.fromEntries(upgradeAnswer(key, digest)));
      const lines = Object.entries(answer).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      connection = new FakeConnection(socket);
      connected(connection);
      connection.read(head.subarray(end + 4));
    });
  });
  return origin.replace(/^http/, 'ws');
}

export interface WebTorrentFaults {
  interval?: unknown;
  noInfoHash?: boolean;
  noAction?: boolean;
  relaysNothing?: boolean;
  losesAnswers?: boolean;
  relaysBadIds?: boolean;
  relaysStrays?: boolean;
  keepsStopped?: boolean;
  refusesPaused?: boolean;
  noPong?: boolean;
  refuses?: string;
}

interface Announce {
  action: string;
  info_hash: string;
  peer_id: string;
  event?: string;
  offers?: { offer: unknown; offer_id: string }[];
  answer?: unknown;
  to_peer_id?: string;
  offer_id?: string;
}

/** The smallest WebTorrent tracker: one swarm for each info_hash, all offers to all others. */
export async function startLittleWebTorrent(
  t: TestContext,
  faults: WebTorrentFaults = {},
): Promise<{ url: string; messages: Announce[] }> {
  const swarms = new Map<string, Map<string, FakeConnection>>();
  const made = new Set<string>();
  const messages: Announce[] = [];
  const url = await startWebSockets(t, (connection) => {
    if (faults.noPong) connection.onPing = () => {};
    connection.onMessage = (text) => {
      const message = JSON.parse(text) as Announce;
      messages.push(message);
      answer(connection, message);
    };
    connection.socket.on('close', () => {
      for (const swarm of swarms.values()) {
        for (const [id, other] of swarm) if (other === connection) swarm.delete(id);
      }
    });
  });

  function answer(connection: FakeConnection, message: Announce): unknown {
    const { action, info_hash, peer_id, event, offers = [] } = message;
    const swarm = swarms.get(info_hash) ?? new Map<string, FakeConnection>();
    if (action === 'scrape') {
      const counts = { complete: 0, incomplete: swarm.size, downloaded: 0 };
      if (info_hash === undefined) return connection.send({ action, 'failure reason': 'not allowed' });
      return connection.send({ action, files: { [info_hash]: counts }, flags: { min_request_interval: 60 } });
    }
    if (message.answer !== undefined) return relayAnswer(swarm, message);
    if (faults.refuses !== undefined) {
      return connection.send({ action, info_hash, 'failure reason': faults.refuses, interval: 60 });
    }
    if (faults.refusesPaused && event === 'paused') {
      return connection.send({ action, info_hash, 'failure reason': 'bad event', interval: 60 });
    }
    swarms.set(info_hash, swarm);
    if (event !== 'stopped') swarm.set(peer_id, connection);
    else if (!faults.keepsStopped) swarm.delete(peer_id);
    const reply = {
      interval: 'interval' in faults ? faults.interval : 120,
      complete: 0,
      incomplete: swarm.size,
    };
    connection.send({
      ...(faults.noAction ? {} : { action }),
      ...(faults.noInfoHash ? {} : { info_hash }),
      ...reply,
    });
    for (const { offer, offer_id } of offers) {
      if (faults.relaysNothing || (offer_id.length !== 20 && !faults.relaysBadIds)) continue;
      made.add(offer_id);
      for (const [id, other] of swarm)
        if (id !== peer_id) other.send({ action, info_hash, peer_id, offer, offer_id });
    }
  }

  function relayAnswer(swarm: Map<string, FakeConnection>, message: Announce): void {
    const { action, info_hash, peer_id, to_peer_id = '', offer_id = '' } = message;
    if (faults.losesAnswers || (!made.delete(offer_id) && !faults.relaysStrays)) return;
    swarm.get(to_peer_id)?.send({ action, info_hash, peer_id, answer: message.answer, offer_id });
  }

  return { url: `${url}/announce`, messages };
}
