// How a connection leaves the HTTP of a socket worker with the request that this does not answer: to another thread, or as a WebSocket.
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpError } from '../http/http-error.ts';
import type { TakenConnection } from '../http/taken-connection.ts';
import type { EpollConnection } from './epoll-connection.ts';
import type { EpollWebSockets } from './epoll-web-sockets.ts';
import type { Gathering } from './gathering.ts';
import type { OpenConnections } from './open-connections.ts';
import type { ReplySender } from './reply-sender.ts';
import type { RequestAnswers } from './request-answers.ts';

export interface DeparturesParts {
  /** Where requests lie; its front is free for what has to be joined. */
  readonly input: Uint8Array;
  readonly connections: OpenConnections;
  readonly sender: ReplySender;
  readonly answers: RequestAnswers;
  readonly counters: HttpCounters;
  readonly webSockets: EpollWebSockets | undefined;
  readonly gathering: Gathering;
  /** Takes a connection with its descriptor. */
  readonly handOver: (connection: TakenConnection) => void;
  /** Told when a WebSocket was opened. */
  readonly opened: () => void;
}

export class Departures {
  readonly #parts: DeparturesParts;
  readonly #bytes: Uint8Array;
  readonly #connections: OpenConnections;
  readonly #sender: ReplySender;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
    this.#bytes = parts.input;
    this.#connections = parts.connections;
    this.#sender = parts.sender;
  }

  /**
   * Has somebody else answer the request in `bytes[at .. headEnd)`, who gets what came behind it too.
   * @param upgrade it asks for a WebSocket
   * @returns why it is refused instead
   */
  part(
    connection: EpollConnection,
    at: number,
    headEnd: number,
    end: number,
    upgrade: boolean,
  ): HttpError | undefined {
    const bytes = this.#bytes;
    if (connection.reception === 0) return this.#partAlone(connection, at, headEnd, end, upgrade);
    // More may have come in the meantime, which lies elsewhere.
    connection.keep(bytes, at, end);
    this.#connections.leaveRing(connection);
    const all = connection.partialLength;
    bytes.set(connection.partial.subarray(0, all));
    return this.#partAlone(connection, 0, headEnd - at, all, upgrade);
  }

  #partAlone(
    connection: EpollConnection,
    at: number,
    headEnd: number,
    end: number,
    upgrade: boolean,
  ): HttpError | undefined {
    if (!this.#sender.flush(connection, true)) {
      if (connection.fd >= 0) connection.keep(this.#bytes, at, end);
    } else if (upgrade) return this.#upgrade(connection, at, headEnd, end);
    else this.#handOver(connection, at, end);
    return undefined;
  }

  #handOver(connection: EpollConnection, at: number, end: number): void {
    const { family, words, proxied, fd } = connection;
    const bytes = this.#bytes.slice(at, end);
    const address = words.slice(0, family === 4 ? 1 : 4);
    this.#connections.release(connection);
    this.#parts.handOver({ fd, bytes, family, words: address, proxied });
  }

  /** Opens a WebSocket for the request in `bytes[at .. headEnd)`, behind which more may have come, or says why not. */
  #upgrade(connection: EpollConnection, at: number, headEnd: number, end: number): HttpError | undefined {
    const webSockets = this.#parts.webSockets!;
    // WebSockets write where answers to others may still wait to leave.
    this.#parts.gathering.submit();
    const sent = webSockets.answer(connection.fd, this.#bytes, at, headEnd);
    if (typeof sent !== 'number') return sent;
    if (sent === 0) {
      this.#connections.close(connection);
      return undefined;
    }
    this.#parts.counters.bytesOut += sent;
    const { fd, place, proxied } = connection;
    const client = this.#parts.answers.client!;
    const address = { family: client.family, words: client.words.slice() };
    const speaksForMany = proxied && client === connection;
    this.#connections.detach(connection);
    webSockets.take(fd, place, address, speaksForMany, this.#bytes, headEnd, end);
    this.#parts.opened();
    return undefined;
  }
}
