// A WebSocket's bytes over a socket of Node's, with TLS or without.
import type { Socket } from 'node:net';
import type { Carrier } from './web-socket.ts';

export class NodeCarrier implements Carrier {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array, at: number, end: number): void {
    if (this.#socket.writable) this.#socket.write(Buffer.from(bytes.subarray(at, end)));
  }

  finish(): void {
    this.#socket.end();
  }

  cut(): void {
    this.#socket.destroy();
  }
}
