// WebTorrent without sockets: clients that speak frames to one thread or several, all in this one, for tests to watch.

import { parseIp } from '../../../src/protocol/ip-address.ts';
import {
  CloseCode,
  encodeMaskedWebSocketFrame,
  WebSocketOpcode,
} from '../../../src/protocol/websocket-frames.ts';
import { type PartialMessage, WebSocketReader } from '../../../src/protocol/websocket-reader.ts';
import { SwarmStore } from '../../../src/swarm/swarm-store.ts';
import type { Protection } from '../../../src/tracker/protection.ts';
import { Tracker, type TrackerSettings } from '../../../src/tracker/tracker.ts';
import { toClientAddress } from '../../../src/transport/client-address.ts';
import { Mailboxes } from '../../../src/transport/webtorrent/mailboxes.ts';
import type { Carrier, WebSocket } from '../../../src/transport/webtorrent/web-socket.ts';
import { WebTorrent } from '../../../src/transport/webtorrent/webtorrent.ts';
import { WebTorrentCounters } from '../../../src/transport/webtorrent/webtorrent-counters.ts';
import {
  defaultWebTorrentLimits,
  type WebTorrentLimits,
} from '../../../src/transport/webtorrent/webtorrent-limits.ts';

// biome-ignore lint/suspicious/noExplicitAny: what came as JSON, looked at by tests
export type Received = any;

export const settings: TrackerSettings = {
  interval: 1800,
  minInterval: 60,
  maxPeers: 50,
  maxScrapeHashes: 5,
  fullScrape: false,
  trackerId: 'Wildkat',
  ipv4Mapped: true,
  refusedPorts: [],
};

export interface SceneOptions {
  threads?: number;
  limits?: Partial<WebTorrentLimits>;
  settings?: Partial<TrackerSettings>;
  protection?: Protection;
  memoryLimit?: number;
}

export class Scene {
  readonly store: SwarmStore;
  readonly threads: WebTorrent[] = [];
  readonly counters: WebTorrentCounters[] = [];
  readonly trackers: Tracker[] = [];
  readonly exceptions: unknown[] = [];
  /** Seconds of the tracker's clock; milliseconds are a thousand times as many. */
  now = 1000;

  constructor({ threads = 1, limits, protection, memoryLimit = 16 << 20, ...options }: SceneOptions = {}) {
    this.store = SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 3600 }, 7);
    const buffer = Mailboxes.create(threads);
    for (let thread = 0; thread < threads; thread++) {
      const store = thread === 0 ? this.store : SwarmStore.attach(this.store.buffer, thread);
      const tracker = new Tracker(store, { ...settings, ...options.settings }, protection);
      const counters = new WebTorrentCounters();
      this.trackers.push(tracker);
      this.counters.push(counters);
      const wake = (other: number) => queueMicrotask(() => this.threads[other].readLetters());
      this.threads.push(
        new WebTorrent({
          tracker,
          counters,
          mailboxes: new Mailboxes(buffer, threads, thread, wake),
          thread,
          offerKey: Int32Array.of(5, 6),
          clock: () => this.now,
          nowMs: () => this.now * 1000,
          onException: (error) => this.exceptions.push(error),
          limits: { ...defaultWebTorrentLimits, ...limits },
        }),
      );
    }
  }

  client(ip = '203.0.113.1', thread = 0): Client {
    return new Client(this.threads[thread], ip);
  }

  tick(): void {
    for (const thread of this.threads) thread.sockets.tick();
  }

  /** Lets letters arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }

  counts(infoHash: string) {
    const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
    this.store.scrape(new Int32Array(Uint8Array.from(infoHash, (c) => c.charCodeAt(0)).buffer), 0, counts);
    return counts;
  }
}

/** The other end of a connection. */
export class Client implements Carrier {
  /** What has come, as JSON; control frames by name. */
  readonly received: Received[] = [];
  readonly socket: WebSocket;
  /** Bytes wait here, as with a client that does not read. */
  reads = true;
  backlog = 0;
  /** The tracker has ended the connection, in peace or not. */
  finished = false;
  wasCut = false;
  readonly #thread: WebTorrent;
  readonly #reader = new WebSocketReader('server', 1 << 24);
  #partial: PartialMessage | undefined;

  constructor(thread: WebTorrent, ip: string) {
    this.#thread = thread;
    this.socket = thread.open(this, toClientAddress(parseIp(ip)!), false)!;
  }

  say(message: object | string, opcode: WebSocketOpcode = WebSocketOpcode.text): this {
    const payload = new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message));
    return this.sayBytes(this.frame(payload, opcode));
  }

  frame(payload: Uint8Array, opcode: WebSocketOpcode = WebSocketOpcode.text): Uint8Array {
    const frame = new Uint8Array(payload.length + 14);
    return frame.subarray(0, encodeMaskedWebSocketFrame(frame, 0, opcode, 0x12345678, payload));
  }

  sayBytes(bytes: Uint8Array): this {
    this.#thread.sockets.receive(this.socket, bytes, 0, bytes.length);
    return this;
  }

  /** As when the network breaks. */
  leave(): void {
    this.#thread.sockets.ended(this.socket);
  }

  /** Takes what has come since the last time. */
  heard(): Received[] {
    return this.received.splice(0);
  }

  send(bytes: Uint8Array, at: number, end: number): void {
    if (!this.reads) {
      this.backlog += end - at;
      return;
    }
    const copy = bytes.slice(at, end);
    this.#partial = this.#reader.read(this.#partial, copy, 0, copy.length, {
      message: (payload, from, to) => {
        this.received.push(
          JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(from, to))),
        );
        return true;
      },
      ping: () => this.received.push('ping') > 0,
      pong: () => this.received.push('pong') > 0,
      close: (code) => this.received.push(code === CloseCode.noStatus ? 'close' : `close ${code}`),
      broken: (code, reason) => this.received.push(`broken ${code} ${reason}`),
    });
  }

  finish(): void {
    this.finished = true;
    this.leave();
  }

  cut(): void {
    this.wasCut = true;
  }
}

/** 20 characters. */
export function id(name: string): string {
  return name.padEnd(20, '.');
}

export function offersOf(...names: string[]) {
  return names.map((name) => ({ offer: { type: 'offer', sdp: `v=0 ${name}` }, offer_id: id(name) }));
}

export function announceOf(swarm: string, peer: string, more: object = {}) {
  return { action: 'announce', info_hash: id(swarm), peer_id: id(peer), left: 100, ...more };
}

export function answerOf(swarm: string, peer: string, to: string, offer: string) {
  return {
    ...{ action: 'announce', info_hash: id(swarm), peer_id: id(peer), to_peer_id: id(to) },
    ...{ answer: { type: 'answer', sdp: `v=0 to ${offer}` }, offer_id: id(offer) },
  };
}
