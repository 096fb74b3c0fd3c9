// How answers leave a bare descriptor: all at once, in parts where the client reads slowly, and the last one without being lost.
import { EPOLLIN, EPOLLOUT } from '../../net/layouts.ts';
import { Stream, type StreamSockets } from '../../net/stream-sockets.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import type { Gathering } from './gathering.ts';
import type { OpenConnections } from './open-connections.ts';
import type { ReplyWriter } from './reply-writer.ts';

export class ReplySender {
  readonly #sockets: StreamSockets;
  readonly #out: ReplyWriter;
  readonly #connections: OpenConnections;
  readonly #counters: HttpCounters;
  readonly #limits: HttpLimits;
  readonly #resume: (connection: EpollConnection) => void;
  readonly #gathering: Gathering;

  /**
   * @param resume goes on with a connection from which all that waited has left
   * @param gathering where answers may wait for those of others
   */
  constructor(
    sockets: StreamSockets,
    out: ReplyWriter,
    connections: OpenConnections,
    { counters, limits }: { readonly counters: HttpCounters; readonly limits: HttpLimits },
    resume: (connection: EpollConnection) => void,
    gathering: Gathering,
  ) {
    this.#gathering = gathering;
    this.#sockets = sockets;
    this.#out = out;
    this.#connections = connections;
    this.#counters = counters;
    this.#limits = limits;
    this.#resume = resume;
  }

  /**
   * Sends what the writer holds; false when a part has to wait, or the connection has broken.
   * @param alone at once, as somebody else, or nobody, has the connection next
   */
  flush(connection: EpollConnection, alone = false): boolean {
    const out = this.#out;
    if (alone) this.#gathering.leave(connection);
    if (out.length === out.start && out.large === undefined) return connection.pending === undefined;
    const gathering = !alone && this.#gathering.takes(connection) ? this.#gathering : undefined;
    gathering?.makeRoom(connection);
    if (connection.pending !== undefined) {
      connection.pending = Buffer.concat([connection.pending, this.#take(out.start)]);
      return false;
    }
    if (gathering === undefined) return this.#sendAlone(connection);
    if (out.large === undefined) return gathering.send(connection);
    // What is too large to leave with others' answers waits until they have left.
    connection.wait(this.#take(out.start));
    gathering.stalled.push(connection);
    return false;
  }

  #sendAlone(connection: EpollConnection): boolean {
    const out = this.#out;
    const { start, length, large } = out;
    const sent = this.#sockets.send(connection.fd, start, length);
    if (sent > 0) this.#counters.bytesOut += sent;
    if (sent === length - start && large === undefined) {
      out.length = start;
      return true;
    }
    const rest = this.#take(start + Math.max(sent, 0));
    if (sent === Stream.broken) {
      this.#connections.close(connection);
      return false;
    }
    connection.wait(rest);
    this.#connections.setDeadline(connection, this.#limits.stallMs);
    if (large !== undefined) this.sendOn(connection);
    else this.#connections.setInterest(connection, EPOLLOUT);
    return false;
  }

  /** A copy of what the writer holds from `at` on; it holds nothing then. */
  #take(at: number): Uint8Array {
    const out = this.#out;
    const { start, length, large } = out;
    const taken = this.#sockets.output.bytes.slice(at, length);
    out.length = start;
    out.large = undefined;
    return large === undefined ? taken : Buffer.concat([taken, large]);
  }

  /** Goes on sending what waits, and then with the connection. */
  sendOn(connection: EpollConnection): void {
    const { output } = this.#sockets;
    const { start } = this.#out;
    const pending = connection.pending!;
    while (connection.pendingAt < pending.length) {
      const count = Math.min(output.bytes.length - start, pending.length - connection.pendingAt);
      output.bytes.set(pending.subarray(connection.pendingAt, connection.pendingAt + count), start);
      const sent = this.#sockets.send(connection.fd, start, start + count);
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
    // Nothing is gained for an answer by itself, behind which the connection ends.
    this.#connections.leaveRing(connection);
    connection.ending = true;
    connection.drop();
    connection.lingers = unread;
    if (this.flush(connection, true)) this.#endAnswered(connection);
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
