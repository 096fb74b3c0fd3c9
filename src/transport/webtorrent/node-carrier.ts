// A WebSocket's bytes over a socket of Node's, with TLS or without; what one turn of Node's loop sends leaves in one call.
import type { Socket } from 'node:net';
import type { Carrier } from './web-socket.ts';

/** The sockets that gather what is written to them until the end of the turn. One for each thread. */
export class GatheringSockets {
  #sockets: Socket[] = [];

  /** Gathers what is written to it from now on, until all that is ready to be read has been. */
  add(socket: Socket): void {
    socket.cork();
    if (this.#sockets.push(socket) === 1) setImmediate(this.#release);
  }

  #release = (): void => {
    const sockets = this.#sockets;
    this.#sockets = [];
    for (const socket of sockets) socket.uncork();
  };
}

export class NodeCarrier implements Carrier {
  readonly #socket: Socket;
  readonly #gathering: GatheringSockets;

  constructor(socket: Socket, gathering: GatheringSockets) {
    this.#socket = socket;
    this.#gathering = gathering;
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array, at: number, end: number): void {
    if (!this.#socket.writable) return;
    if (this.#socket.writableCorked === 0) this.#gathering.add(this.#socket);
    this.#socket.write(Buffer.from(bytes.subarray(at, end)));
  }

  finish(): void {
    this.#socket.end();
  }

  cut(): void {
    this.#socket.destroy();
  }
}
