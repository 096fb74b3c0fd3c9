// The WebSockets of one thread: frames in and out, pings, closing, and the ends of those that are too slow.
import {
  CloseCode,
  encodeClosePayload,
  encodeWebSocketFrame,
  longestControlPayload,
  longestServerHead,
  WebSocketOpcode,
} from '../../protocol/websocket-frames.ts';
import { WebSocketReader, type WebSocketSink } from '../../protocol/websocket-reader.ts';
import { mostSeats, placeOf, seatOf } from '../../tracker/connection-peers.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Mailboxes } from './mailboxes.ts';
import { type Carrier, WebSocket } from './web-socket.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';
import type { WebTorrentLimits } from './webtorrent-limits.ts';

/** Who is told of messages and ends. */
export interface WebSocketOwner {
  /** A whole message; the bytes are its own until it returns. */
  message(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void;
  /** It has just ended, whatever the reason, and takes nothing more. */
  ended(socket: WebSocket): void;
}

export interface WebSocketsOptions {
  readonly limits: WebTorrentLimits;
  readonly counters: WebTorrentCounters;
  readonly mailboxes: Mailboxes;
  /** This thread's number. */
  readonly thread: number;
  /** Milliseconds of performance.now(), unless a test has another clock. */
  readonly nowMs?: () => number;
}

/** What a socket's `closedAt` is when its carrier has ended too. */
const gone = -1;
/** In one turn so many are looked at, and so many pinged or ended: all others wait for that. */
const mostLooked = 2048;
const mostActed = 64;

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #owner: WebSocketOwner;
  readonly #reader: WebSocketReader;
  readonly #sink: WebSocketSink;
  readonly #nowMs: () => number;
  /** By seat. */
  readonly #sockets: (WebSocket | undefined)[] = [];
  readonly #freeSeats: number[] = [];
  /** How many have been looked at since all had been. */
  #looked = 0;
  readonly #frame = new Uint8Array(longestServerHead + longestControlPayload);
  readonly #payload = new Uint8Array(longestControlPayload);
  #count = 0;
  /** The one that is being read, and whether a whole message of it came. */
  #current!: WebSocket;
  #messageEnded = false;

  constructor(options: WebSocketsOptions, owner: WebSocketOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#reader = new WebSocketReader('client', options.limits.messageBytes);
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#sink = {
      message: (bytes, at, end) => this.#takeMessage(bytes, at, end),
      ping: (bytes, at, end) => this.#takePing(bytes, at, end),
      pong: () => this.#hear(),
      close: (code) => this.#takeClose(code),
      broken: (code, reason) => this.#takeBreach(code, reason),
    };
  }

  get count(): number {
    return this.#count;
  }

  /** Begins with a connection whose handshake is over; undefined when this thread has no seat for it. */
  open(
    carrier: Carrier,
    client: ClientAddress,
    secure: boolean,
    speaksForMany = false,
  ): WebSocket | undefined {
    const { counters, mailboxes, thread } = this.#options;
    const seat = this.#freeSeats.pop() ?? this.#sockets.length;
    if (seat >= mostSeats) return undefined;
    const place = placeOf(thread, seat);
    const generation = mailboxes.nextGeneration();
    const socket = new WebSocket(carrier, client, secure, speaksForMany, place, generation, this.#nowMs());
    this.#sockets[seat] = socket;
    this.#count++;
    mailboxes.countOpen(1);
    if (secure) {
      counters.secureOpen++;
      counters.secureOpened++;
    } else {
      counters.plainOpen++;
      counters.plainOpened++;
    }
    return socket;
  }

  /** The open connection of a place, if it is still that one. */
  at(place: number, generation: number): WebSocket | undefined {
    const socket = this.#sockets[seatOf(place)];
    return socket?.generation === generation && socket.isOpen ? socket : undefined;
  }

  /** `bytes[at .. end)` have come on it; they are its own until this returns. */
  receive(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void {
    this.#options.counters.bytesIn += end - at;
    if (socket.closedAt === gone) return;
    this.#current = socket;
    this.#messageEnded = false;
    const partial = this.#reader.read(socket.partial, bytes, at, end, this.#sink);
    socket.partial = socket.isOpen ? partial : undefined;
    if (socket.partial === undefined) socket.partialSince = 0;
    else if (socket.partialSince === 0 || this.#messageEnded) socket.partialSince = this.#nowMs();
  }

  /** Sends a whole frame, unless the connection is closing. */
  send(socket: WebSocket, bytes: Uint8Array, at: number, end: number): void {
    if (!socket.isOpen) return;
    this.#options.counters.bytesOut += end - at;
    socket.carrier.send(bytes, at, end);
    if (socket.carrier.backlog <= this.#options.limits.backlogBytes) return;
    this.#options.counters.slowReaders++;
    this.cut(socket);
  }

  /** Pings a connection that may be gone, unless it has just been asked. */
  ping(socket: WebSocket): void {
    if (socket.pingedAt > 0 || !socket.isOpen) return;
    socket.pingedAt = this.#nowMs();
    this.#sendControl(socket, WebSocketOpcode.ping, 0);
  }

  /** Says why and ends it, when the other end has agreed or taken its time. */
  close(socket: WebSocket, code: number, reason = ''): void {
    if (!socket.isOpen) return;
    this.#sendControl(socket, WebSocketOpcode.close, encodeClosePayload(this.#payload, 0, code, reason));
    if (socket.isOpen) this.#leave(socket);
  }

  /** Ends it at once. */
  cut(socket: WebSocket): void {
    socket.carrier.cut();
    this.ended(socket);
  }

  /** Its carrier has ended. */
  ended(socket: WebSocket): void {
    if (socket.closedAt === gone) return;
    const { counters, mailboxes } = this.#options;
    const seat = seatOf(socket.place);
    this.#sockets[seat] = undefined;
    this.#freeSeats.push(seat);
    this.#count--;
    mailboxes.countOpen(-1);
    if (socket.secure) counters.secureOpen--;
    else counters.plainOpen--;
    if (socket.isOpen) this.#leave(socket);
    socket.closedAt = gone;
  }

  /**
   * Ends those whose time is over and pings who has been silent, some of them at a time; called about once a second.
   * @returns false when not all have been looked at, and it is to be called again soon
   */
  tick(): boolean {
    const now = this.#nowMs();
    const end = Math.min(this.#sockets.length, this.#looked + mostLooked);
    for (let acted = 0; this.#looked < end && acted < mostActed; this.#looked++) {
      const socket = this.#sockets[this.#looked];
      if (socket !== undefined && this.#look(socket, now)) acted++;
    }
    if (this.#looked < this.#sockets.length) return false;
    this.#looked = 0;
    return true;
  }

  /** Says goodbye to all. */
  closeAll(): void {
    for (const socket of this.#sockets) if (socket !== undefined) this.close(socket, CloseCode.goingAway);
  }

  cutAll(): void {
    for (const socket of this.#sockets) if (socket !== undefined) this.cut(socket);
  }

  /** Whether something was done. */
  #look(socket: WebSocket, now: number): boolean {
    const { pingMs, pongMs, messageMs, closeMs } = this.#options.limits;
    const { counters } = this.#options;
    if (!socket.isOpen) {
      if (now - socket.closedAt <= closeMs) return false;
      this.cut(socket);
    } else if (this.#isStalled(socket, now)) {
      counters.slowReaders++;
      this.cut(socket);
    } else if (socket.pingedAt > 0 && now - socket.pingedAt > pongMs) {
      counters.unresponsive++;
      this.cut(socket);
    } else if (socket.partialSince > 0 && now - socket.partialSince > messageMs) {
      counters.slowMessages++;
      this.close(socket, CloseCode.policyViolation, 'message took too long');
    } else if (now - socket.heardAt > pingMs) this.ping(socket);
    else return false;
    return true;
  }

  /** Whether nothing of what waits for it has gone for too long. */
  #isStalled(socket: WebSocket, now: number): boolean {
    const { backlog } = socket.carrier;
    if (backlog === 0) socket.stalledAt = 0;
    else if (socket.stalledAt === 0 || backlog < socket.backlogBefore) socket.stalledAt = now;
    socket.backlogBefore = backlog;
    return socket.stalledAt > 0 && now - socket.stalledAt > this.#options.limits.stallMs;
  }

  #takeMessage(bytes: Uint8Array, at: number, end: number): boolean {
    const socket = this.#current;
    this.#messageEnded = true;
    this.#hear();
    if (socket.isOpen) this.#owner.message(socket, bytes, at, end);
    return true;
  }

  #takePing(bytes: Uint8Array, at: number, end: number): boolean {
    this.#hear();
    for (let i = at; i < end; i++) this.#payload[i - at] = bytes[i];
    this.#sendControl(this.#current, WebSocketOpcode.pong, end - at);
    return true;
  }

  #takeClose(code: number): void {
    const socket = this.#current;
    if (socket.isOpen) {
      const length = code === CloseCode.noStatus ? 0 : encodeClosePayload(this.#payload, 0, code);
      this.#sendControl(socket, WebSocketOpcode.close, length);
      if (socket.isOpen) this.#leave(socket);
    }
    if (socket.closedAt !== gone) socket.carrier.finish();
  }

  #takeBreach(code: number, reason: string): void {
    if (!this.#current.isOpen) return;
    this.#options.counters.protocolErrors++;
    this.close(this.#current, code, reason);
  }

  #hear(): boolean {
    this.#current.heardAt = this.#nowMs();
    this.#current.pingedAt = 0;
    return true;
  }

  /** It announces nothing any more. */
  #leave(socket: WebSocket): void {
    socket.closedAt = this.#nowMs() || 1;
    socket.partial = undefined;
    socket.partialSince = 0;
    this.#owner.ended(socket);
  }

  /** Sends a frame with the first `length` bytes of `#payload`. */
  #sendControl(socket: WebSocket, opcode: WebSocketOpcode, length: number): void {
    this.send(socket, this.#frame, 0, encodeWebSocketFrame(this.#frame, 0, opcode, this.#payload, 0, length));
  }
}
