// How answers leave a bare descriptor: all at once, in parts where the client reads slowly, and the last one without being lost.
import { EPOLLIN, EPOLLOUT } from '../../net/layouts.ts';
import { Stream, type StreamSockets } from '../../net/stream-sockets.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import type { ReplyWriter } from './reply-writer.ts';

export class ReplySender {
  readonly #sockets: StreamSockets;
  readonly #out: ReplyWriter;
  readonly #connections: OpenConnections;
  readonly #counters: HttpCounters;
  readonly #limits: HttpLimits;
  readonly #resume: (connection: EpollConnection) => void;

  /** @param resume goes on with a connection from which all that waited has left */
  constructor(
    sockets: StreamSockets,
    out: ReplyWriter,
    connections: OpenConnections,
    { counters, limits }: { readonly counters: HttpCounters; readonly limits: HttpLimits },
    resume: (connection: EpollConnection) => void,
  ) {
    this.#sockets = sockets;
    this.#out = out;
    this.#connections = connections;
    this.#counters = counters;
    this.#limits = limits;
    this.#resume = resume;
  }

  /** Sends what the writer holds; false when a part has to wait, or the connection has broken. */
  flush(connection: EpollConnection): boolean {
    const out = this.#out;
    const { length, large } = out;
    if (length === 0 && large === undefined) return true;
    out.length = 0;
    out.large = undefined;
    const sent = this.#sockets.send(connection.fd, 0, length);
    if (sent > 0) this.#counters.bytesOut += sent;
    if (sent === length && large === undefined) return true;
    if (sent === Stream.broken) {
      this.#connections.close(connection);
      return false;
    }
    const rest = this.#sockets.output.bytes.slice(Math.max(sent, 0), length);
    connection.pending = large === undefined ? rest : Buffer.concat([rest, large]);
    connection.pendingAt = 0;
    connection.phase = Phase.sending;
    this.#connections.setDeadline(connection, this.#limits.stallMs);
    if (large !== undefined) this.sendOn(connection);
    else this.#connections.setInterest(connection, EPOLLOUT);
    return false;
  }

  /** Goes on sending what waits, and then with the connection. */
  sendOn(connection: EpollConnection): void {
    const { output } = this.#sockets;
    const pending = connection.pending!;
    while (connection.pendingAt < pending.length) {
      const count = Math.min(output.bytes.length, pending.length - connection.pendingAt);
      output.bytes.set(pending.subarray(connection.pendingAt, connection.pendingAt + count));
      const sent = this.#sockets.send(connection.fd, 0, count);
      if (sent === Stream.broken) {
        this.#connections.close(connection);
        return;
      }
      if (sent > 0) {
        this.#counters.bytesOut += sent;
        connection.pendingAt += sent;
        this.#connections.setDeadline(connection, this.#limits.stallMs);
      }
      if (sent < count) {
        this.#connections.setInterest(connection, EPOLLOUT);
        return;
      }
    }
    connection.pending = undefined;
    if (connection.ending) this.#endAnswered(connection);
    else this.#resume(connection);
  }

  /** Sends the last answer and ends; `unread`: more may come, and closing on it would take the answer away. */
  finish(connection: EpollConnection, unread: boolean): void {
    connection.ending = true;
    connection.drop();
    connection.lingers = unread;
    if (this.flush(connection)) this.#endAnswered(connection);
  }

  #endAnswered(connection: EpollConnection): void {
    if (!connection.lingers) {
      this.#connections.close(connection);
      return;
    }
    this.#sockets.finish(connection.fd);
    connection.phase = Phase.lingering;
    this.#connections.setDeadline(connection, this.#limits.lingerMs);
    this.#connections.setInterest(connection, EPOLLIN);
  }
}
