// WebSockets in a socket worker's event loop: bare descriptors, no object of Node's, and no memory for what is not under way.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLIN, EPOLLOUT } from '../../net/layouts.ts';
import { Stream, type StreamSockets } from '../../net/stream-sockets.ts';
import type { ClientAddress } from '../client-address.ts';
import type { AddressPlace, ConnectionTable } from '../http/connection-table.ts';
import type { HttpError } from '../http/http-error.ts';
import { answerHandshake, type HandshakeRules } from '../webtorrent/handshakes.ts';
import type { Carrier, WebSocket } from '../webtorrent/web-socket.ts';
import { WebTorrent, type WebTorrentOptions } from '../webtorrent/webtorrent.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { readUpgradeRequest } from './upgrade-request.ts';

export interface EpollWebSocketsOptions extends WebTorrentOptions {
  readonly rules: HandshakeRules;
}

export class EpollWebSockets {
  readonly #loop: EventLoop;
  readonly #streams: StreamSockets;
  readonly #table: ConnectionTable;
  readonly #options: EpollWebSocketsOptions;
  readonly #webTorrent: WebTorrent;
  readonly #outbox: Outbox;
  /** By descriptor. */
  readonly #carriers: (EpollCarrier | undefined)[] = [];
  #closing = false;

  constructor(
    loop: EventLoop,
    streams: StreamSockets,
    table: ConnectionTable,
    options: EpollWebSocketsOptions,
  ) {
    this.#loop = loop;
    this.#streams = streams;
    this.#table = table;
    this.#options = options;
    this.#webTorrent = new WebTorrent(options);
    this.#outbox = new Outbox(streams.output.bytes);
    loop.afterCalls(() => this.#outbox.flush());
  }

  get count(): number {
    return this.#webTorrent.sockets.count;
  }

  /**
   * Answers the request in `bytes[at .. headEnd)` with the head that opens a WebSocket: how many bytes that were, 0 when the
   * connection does not take them. Or the error with which it is refused, which is counted and not sent.
   */
  answer(fd: number, bytes: Uint8Array, at: number, headEnd: number): number | HttpError {
    const { rules, mailboxes, counters } = this.#options;
    const open = this.#closing ? Number.POSITIVE_INFINITY : mailboxes.open;
    const answer = answerHandshake(readUpgradeRequest(bytes, at, headEnd), rules, open, counters);
    if (typeof answer !== 'string') return answer;
    const output = this.#streams.output.bytes;
    const length = Buffer.from(output.buffer, output.byteOffset).write(answer, 'latin1');
    return this.#streams.send(fd, 0, length) === length ? length : 0;
  }

  /**
   * Goes on with a connection that was answered so; it counts at `place` already, and the loop is not told of it. What has come
   * behind the request is `bytes[at .. end)`.
   */
  take(
    fd: number,
    place: AddressPlace,
    client: ClientAddress,
    speaksForMany: boolean,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    const carrier = new EpollCarrier(fd, this.#loop, this.#streams, this.#outbox, () =>
      this.#forget(carrier, place),
    );
    const address = { family: client.family, words: client.words.slice(0, client.family === 4 ? 1 : 4) };
    const socket = this.#webTorrent.open(carrier, address, false, speaksForMany);
    this.#carriers[fd] = carrier;
    if (socket === undefined) {
      carrier.cut();
      return;
    }
    carrier.socket = socket;
    this.#loop.add(fd, EPOLLIN, this.#onReady);
    if (end > at) this.#webTorrent.sockets.receive(socket, bytes, at, end);
  }

  tick(): boolean {
    return this.#webTorrent.sockets.tick();
  }

  /** Takes what other threads have posted. */
  readLetters(): void {
    this.#webTorrent.readLetters();
  }

  /** Says goodbye to all, and opens no more. */
  stop(): void {
    this.#closing = true;
    this.#webTorrent.sockets.closeAll();
    this.#outbox.flush();
  }

  close(): void {
    this.#webTorrent.sockets.cutAll();
  }

  #onReady = (events: number, fd: number): boolean => {
    const carrier = this.#carriers[fd];
    if (carrier === undefined) return false;
    if ((events & EPOLLOUT) !== 0) carrier.sendOn();
    if ((events & ~EPOLLOUT) !== 0 && carrier.fd >= 0) this.#read(carrier);
    return false;
  };

  #read(carrier: EpollCarrier): void {
    const { sockets } = this.#webTorrent;
    const count = this.#streams.receive(carrier.fd, 0);
    if (count > 0) sockets.receive(carrier.socket!, this.#streams.input.bytes, 0, count);
    // Who sends no more hears no more either: that is what a close frame is for.
    else if (count !== Stream.wait) sockets.cut(carrier.socket!);
  }

  #forget({ fd }: EpollCarrier, place: AddressPlace): void {
    this.#carriers[fd] = undefined;
    this.#table.disown(fd);
    this.#table.remove(place);
  }
}

const noBytes = new Uint8Array(0);

class EpollCarrier implements Carrier, OutboxOwner {
  /** −1 once it is closed. */
  fd: number;
  socket: WebSocket | undefined;
  firstPiece = -1;
  lastPiece = -1;
  gathered = 0;
  readonly #loop: EventLoop;
  readonly #streams: StreamSockets;
  readonly #outbox: Outbox;
  readonly #closed: () => void;
  /** What waits for the client to read: `#pending[#pendingAt .. #pendingEnd)`. */
  #pending: Uint8Array = noBytes;
  #pendingAt = 0;
  #pendingEnd = 0;
  #finishes = false;

  constructor(fd: number, loop: EventLoop, streams: StreamSockets, outbox: Outbox, closed: () => void) {
    this.fd = fd;
    this.#loop = loop;
    this.#streams = streams;
    this.#outbox = outbox;
    this.#closed = closed;
  }

  get backlog(): number {
    return this.#waiting + this.gathered;
  }

  send(bytes: Uint8Array, at: number, end: number): void {
    if (this.fd < 0 || this.#finishes) return;
    if (this.#waiting > 0) this.#keep(bytes, at, end);
    else if (!this.#outbox.add(this, bytes, at, end)) this.#sendLong(bytes, at, end);
  }

  sendGathered(bytes: Uint8Array, end: number): void {
    if (this.fd < 0) return;
    if (this.#waiting > 0) {
      this.#keep(bytes, 0, end);
      return;
    }
    const sent = Math.max(0, this.#streams.send(this.fd, 0, end));
    // Of a broken connection the loop tells.
    if (sent < end) this.#wait(bytes, sent, end);
  }

  /** Sends what is too long to be gathered, behind what has been. */
  #sendLong(bytes: Uint8Array, at: number, end: number): void {
    this.#outbox.flushOwner(this);
    if (this.#waiting > 0) this.#keep(bytes, at, end);
    else {
      this.#wait(bytes, at, end);
      this.sendOn();
    }
  }

  #wait(bytes: Uint8Array, at: number, end: number): void {
    this.#keep(bytes, at, end);
    this.#loop.change(this.fd, EPOLLIN | EPOLLOUT);
  }

  get #waiting(): number {
    return this.#pendingEnd - this.#pendingAt;
  }

  /** Goes on with what waits. */
  sendOn(): void {
    const { output } = this.#streams;
    while (this.fd >= 0 && this.#waiting > 0) {
      const count = Math.min(this.#waiting, output.bytes.length);
      output.bytes.set(this.#pending.subarray(this.#pendingAt, this.#pendingAt + count));
      const sent = this.#streams.send(this.fd, 0, count);
      if (sent <= 0) return;
      this.#pendingAt += sent;
    }
    if (this.fd < 0) return;
    this.#pending = noBytes;
    this.#pendingAt = this.#pendingEnd = 0;
    this.#loop.change(this.fd, EPOLLIN);
    if (this.#finishes) this.#streams.finish(this.fd);
  }

  finish(): void {
    if (this.fd < 0 || this.#finishes) return;
    this.#outbox.flushOwner(this);
    this.#finishes = true;
    if (this.backlog === 0) this.#streams.finish(this.fd);
  }

  cut(): void {
    const { fd } = this;
    if (fd < 0) return;
    const isAnswered = this.#finishes && this.backlog === 0;
    this.#outbox.drop(this);
    this.#closed();
    this.fd = -1;
    this.#pending = noBytes;
    this.#pendingAt = this.#pendingEnd = 0;
    this.#loop.forget(fd);
    if (isAnswered) this.#streams.close(fd);
    else this.#streams.reset(fd);
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    const needed = this.#pendingEnd - this.#pendingAt + (end - at);
    if (this.#pendingEnd + (end - at) > this.#pending.length) {
      const larger = needed <= this.#pending.length / 2 ? this.#pending : new Uint8Array(needed * 2);
      larger.set(this.#pending.subarray(this.#pendingAt, this.#pendingEnd));
      this.#pending = larger;
      this.#pendingEnd -= this.#pendingAt;
      this.#pendingAt = 0;
    }
    this.#pending.set(bytes.subarray(at, end), this.#pendingEnd);
    this.#pendingEnd += end - at;
  }
}
