// Answers of one turn that leave one behind the other, each with a call of its own.
import type { EventLoop } from '../../net/event-loop.ts';
import type { StreamSockets } from '../../net/stream-sockets.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { EpollConnection } from './epoll-connection.ts';
import type { Gathering } from './gathering.ts';
import type { ReplyWriter } from './reply-writer.ts';

/** Connections that may be answered in one turn. */
export const mostGathered = 64;

export class PlainGathering implements Gathering {
  readonly stalled: EpollConnection[] = [];
  /** Whether answers wait at all: not for whoever is answered alone. */
  isOpen = false;
  readonly #loop: EventLoop;
  readonly #sockets: StreamSockets;
  readonly #out: ReplyWriter;
  readonly #counters: HttpCounters;
  readonly #connections: EpollConnection[] = [];
  readonly #starts = new Int32Array(mostGathered);
  readonly #ends = new Int32Array(mostGathered);
  #sends = 0;

  constructor(loop: EventLoop, sockets: StreamSockets, out: ReplyWriter, counters: HttpCounters) {
    this.#loop = loop;
    this.#sockets = sockets;
    this.#out = out;
    this.#counters = counters;
  }

  enter(): boolean {
    return false;
  }

  takes(): boolean {
    return this.isOpen;
  }

  makeRoom(connection: EpollConnection): void {
    if (connection.submitting || this.#sends === mostGathered) this.submit();
  }

  send(connection: EpollConnection): boolean {
    const out = this.#out;
    const send = this.#sends++;
    this.#connections[send] = connection;
    this.#starts[send] = out.start;
    this.#ends[send] = out.length;
    connection.submitting = true;
    out.start = out.length;
    if (!out.hasRoom) this.submit();
    return connection.pending === undefined;
  }

  submit(): void {
    for (let send = 0; send < this.#sends; send++) {
      const connection = this.#connections[send];
      const [start, end] = [this.#starts[send], this.#ends[send]];
      connection.submitting = false;
      const sent = Math.max(0, this.#sockets.send(connection.fd, start, end));
      this.#counters.bytesOut += sent;
      if (sent < end - start) this.#wait(connection, start + sent, end);
      this.#loop.pieceDone();
    }
    this.#sends = 0;
    const out = this.#out;
    if (out.length === out.start) out.start = out.length = 0;
  }

  /** A broken connection is one that waits, too; writing to it again shows what it is. */
  #wait(connection: EpollConnection, at: number, end: number): void {
    connection.wait(this.#sockets.output.bytes.slice(at, end));
    this.stalled.push(connection);
  }

  leave(connection: EpollConnection): void {
    if (connection.submitting) this.submit();
  }
}
