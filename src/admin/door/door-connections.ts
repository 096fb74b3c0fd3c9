// What one client may occupy at the door: connections, one answer at a time on each, and bytes that it has not read.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FairPlaces } from '../../transport/fair-places.ts';
import { clientNetwork } from '../shown-address.ts';

const mostConnections = 100;
/** Of all answers that clients have not taken yet; further questions are turned away meanwhile. */
const mostBytesInFlight = 16 * 2 ** 20;
/** From the question to the answer's last byte, once it is made. */
const sendWithinMs = 10_000;

/** Of one server. */
export class DoorConnections {
  readonly #places = new FairPlaces<Socket>(mostConnections);
  readonly #answering = new WeakSet<Socket>();
  readonly #refused = new WeakSet<Socket>();
  #bytesInFlight = 0;

  /** Who comes when all connections are taken gets the place of the oldest of who has the most. */
  limit(server: Server): void {
    server.on('connection', (socket) => {
      const client = clientNetwork(socket.remoteAddress);
      socket.once('close', () => this.#places.giveBack(client, socket));
      this.#places.take(client, socket)?.destroy();
    });
  }

  /** Whether so much is on its way already that nothing more should be made. */
  get full(): boolean {
    return this.#bytesInFlight >= mostBytesInFlight;
  }

  /**
   * Notes that a request is being answered. `busy` when the one before it is not yet, which no client of ours does: to
   * be refused and its connection closed; `ignored` for whatever comes after that.
   */
  begin({ socket }: IncomingMessage, response: ServerResponse): 'alone' | 'busy' | 'ignored' {
    if (this.#refused.has(socket)) return 'ignored';
    if (this.#answering.has(socket)) {
      this.#refused.add(socket);
      return 'busy';
    }
    this.#answering.add(socket);
    response.once('close', () => this.#answering.delete(socket));
    return 'alone';
  }

  /** Counts an answer of `bytes` until it has left, and ends the connection of whoever takes too long to read it. */
  sending(response: ServerResponse, bytes: number): void {
    this.#bytesInFlight += bytes;
    const late = setTimeout(() => response.destroy(), sendWithinMs);
    response.once('close', () => {
      clearTimeout(late);
      this.#bytesInFlight -= bytes;
    });
  }
}
