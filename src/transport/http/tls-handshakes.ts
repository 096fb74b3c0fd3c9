// Knows the TLS handshakes in flight: how long one may take, how many there may be, and whose a finished one is.
//
// When there are too many, the oldest goes: honest clients are done within two round trips, so those who stall make
// room.
import type { Socket } from 'node:net';
import type { HttpCounters } from './http-counters.ts';

export interface TlsHandshakeLimits {
  /** Milliseconds from the first byte to the last, however busily a client dribbles. */
  readonly deadlineMs: number;
  /** In flight at once; one more ends the one that has been at it the longest. */
  readonly max: number;
}

export const defaultTlsHandshakeLimits: TlsHandshakeLimits = { deadlineMs: 5000, max: 1024 };

interface Handshake {
  readonly socket: Socket;
  readonly deadline: NodeJS.Timeout;
}

/**
 * One for each HTTPS listener. When too many are in flight it is the oldest that goes: honest clients are done within
 * two round trips, so whoever stalls makes room for whoever comes.
 */
export class TlsHandshakes {
  readonly #limits: TlsHandshakeLimits;
  readonly #counters: HttpCounters;
  /** By the connection's two ends; a Map keeps the order in which they began. */
  readonly #inFlight = new Map<string, Handshake>();

  constructor(limits: TlsHandshakeLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  begin(socket: Socket): void {
    if (this.#inFlight.size >= this.#limits.max) this.#endOldest();
    const key = keyOf(socket);
    // A client that resets and connects again from the same port can be here before its first connection has closed.
    if (this.#inFlight.has(key)) this.#end(key);
    const deadline = setTimeout(() => this.#end(key), this.#limits.deadlineMs);
    this.#inFlight.set(key, { socket, deadline });
    socket.once('close', () => {
      // After a handshake the key may already be another connection's.
      if (this.#inFlight.get(key)?.socket === socket) this.#end(key);
    });
  }

  /** The connection under `secured`, whose handshake is done; undefined when it has ended meanwhile. */
  finish(secured: Socket): Socket | undefined {
    const key = keyOf(secured);
    const handshake = this.#inFlight.get(key);
    if (handshake === undefined) return undefined;
    this.#forget(key);
    return handshake.socket;
  }

  /** Ends all that are not done. */
  close(): void {
    for (const key of this.#inFlight.keys()) this.#end(key);
  }

  #endOldest(): void {
    for (const key of this.#inFlight.keys()) {
      this.#end(key);
      return;
    }
  }

  #end(key: string): void {
    const handshake = this.#inFlight.get(key);
    if (handshake === undefined) return;
    this.#forget(key);
    this.#counters.handshakesFailed++;
    handshake.socket.destroy();
  }

  #forget(key: string): void {
    clearTimeout(this.#inFlight.get(key)!.deadline);
    this.#inFlight.delete(key);
  }
}

// Node's TLS socket has the addresses of the one below it, and no public way to name that one.
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
