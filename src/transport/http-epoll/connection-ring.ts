// Kept connections on io_uring: received from and sent to with a call for all of a turn; whoever is to be served otherwise leaves first.
import type { StreamSockets } from '../../net/stream-sockets.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import {
  mostReceiving,
  receiveBufferBytes,
  receiveBuffers,
  StreamRing,
  submissions,
} from '../../net/uring/stream-ring.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { EpollConnection } from './epoll-connection.ts';
import type { Gathering } from './gathering.ts';
import type { ReplyWriter } from './reply-writer.ts';

/** What all buffers hold together: one connection cannot have more under way than that. */
export const ringBytes = receiveBuffers * receiveBufferBytes;

export class ConnectionRing implements Gathering {
  /** They are still on the ring; whoever looks takes them off it. */
  readonly stalled: EpollConnection[] = [];
  readonly streams: StreamRing;
  readonly #sockets: StreamSockets;
  readonly #out: ReplyWriter;
  readonly #counters: HttpCounters;
  /** Where in the input the buffers begin. */
  readonly #buffersAt: number;
  #receiving = 0;
  /** By number of the send, of those that were not submitted yet. */
  readonly #connections: EpollConnection[] = [];
  readonly #starts = new Int32Array(submissions);
  readonly #ends = new Int32Array(submissions);
  #sends = 0;

  /**
   * @param sockets whose input has `ringBytes` behind `buffersAt`
   * @throws SystemCallError when the kernel does not let us have io_uring
   */
  constructor(
    calls: SystemCalls,
    sockets: StreamSockets,
    buffersAt: number,
    out: ReplyWriter,
    counters: HttpCounters,
  ) {
    const { input, output } = sockets;
    this.#sockets = sockets;
    this.#out = out;
    this.#counters = counters;
    this.#buffersAt = buffersAt;
    this.streams = new StreamRing(calls, input.address + buffersAt, output.address, this.#onUnsent);
  }

  /** Where in the input the bytes lie that were taken last. */
  get at(): number {
    return this.#buffersAt + this.streams.at;
  }

  /** Receives from a connection from now on; false when there are too many. */
  enter(connection: EpollConnection): boolean {
    if (connection.reception > 0) return true;
    if (this.#receiving === mostReceiving) return false;
    this.#receiving++;
    connection.reception = this.streams.receive(connection.fd);
    return true;
  }

  /** Notes that the kernel has ended a connection's reception. */
  ended(connection: EpollConnection): void {
    connection.reception = 0;
    this.#receiving--;
  }

  /** Has the kernel let go of a connection; answers to it have left, and what has come of it is kept behind its `partial`. */
  leave(connection: EpollConnection): void {
    if (connection.submitting) this.submit();
    if (connection.reception === 0) return;
    this.streams.end(connection.fd, connection.reception, (at, end) => {
      this.#counters.bytesIn += end - at;
      connection.keepMore(this.#sockets.input.bytes, this.#buffersAt + at, this.#buffersAt + end);
    });
    this.ended(connection);
    this.#forgetSends();
    this.#rewind();
  }

  takes(connection: EpollConnection): boolean {
    return connection.reception > 0 || connection.submitting;
  }

  makeRoom(connection: EpollConnection): void {
    if (!connection.submitting && this.streams.hasRoom) return;
    this.streams.submit();
    this.#forgetSends();
  }

  /** Sends what the writer holds, with all others' answers; false when it turns out at once that a part has to wait. */
  send(connection: EpollConnection): boolean {
    const out = this.#out;
    const send = this.#sends++;
    this.#connections[send] = connection;
    this.#starts[send] = out.start;
    this.#ends[send] = out.length;
    connection.submitting = true;
    this.streams.send(connection.fd, out.start, out.length, send);
    this.#counters.bytesOut += out.length - out.start;
    out.start = out.length;
    if (!out.hasRoom) this.submit();
    return connection.pending === undefined;
  }

  /** Has all answers leave and receptions begin. The writer begins at the front again. */
  submit(): void {
    this.streams.submit();
    this.#forgetSends();
    this.#rewind();
  }

  /** As `submit`, and takes what has come. */
  fetch(): void {
    this.streams.fetch();
    this.#forgetSends();
    this.#rewind();
  }

  #rewind(): void {
    const out = this.#out;
    if (out.length === out.start) out.start = out.length = 0;
  }

  #forgetSends(): void {
    for (let send = 0; send < this.#sends; send++) this.#connections[send].submitting = false;
    this.#sends = 0;
  }

  /** A broken connection is told of as one that waits; writing to it again shows what it is. */
  #onUnsent = (send: number, sent: number): void => {
    const connection = this.#connections[send];
    const rest = this.#sockets.output.bytes.slice(this.#starts[send] + sent, this.#ends[send]);
    this.#counters.bytesOut -= rest.length;
    connection.wait(rest);
    this.stalled.push(connection);
  };

  /** No connection may be on it. */
  close(): void {
    this.streams.close();
  }
}
