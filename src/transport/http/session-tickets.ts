// Knows how TLS sessions are resumed: by tickets under keys that all threads share, the previous ones still taken.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';
import { setTicketCallback, type TicketCallback } from '../../net/node-handles.ts';

/** `ticketKeyBytes` secret bytes each. Tickets made with the previous key are taken, and replaced. */
export interface TicketKeys {
  readonly current: Uint8Array;
  readonly previous: Uint8Array;
}

/** A name, which tickets carry, then a key that authenticates them and one that encrypts: 16 bytes each. */
export const ticketKeyBytes = 48;
/** For so long a session may be resumed; and for so long a key makes tickets, so that each is good for all its time. */
export const ticketSeconds = 12 * 3600;

const refuse = 0;
const take = 1;
const takeAndReplace = 2;

/** Those of one HTTPS server. */
export class SessionTickets {
  #current: TicketKey;
  #previous: TicketKey;
  readonly #answer: TicketCallback = (name, _iv, encrypts) => {
    const { hmac, aes, name: own } = this.#current;
    if (encrypts) return [take, hmac, aes, own, randomBytes(16)];
    if (own.equals(name)) return [take, hmac, aes];
    if (!this.#previous.name.equals(name)) return [refuse, hmac, aes];
    return [takeAndReplace, this.#previous.hmac, this.#previous.aes];
  };

  constructor(keys: TicketKeys) {
    this.#current = partsOf(keys.current);
    this.#previous = partsOf(keys.previous);
  }

  /** Makes tickets with other keys from now on. */
  setKeys(keys: TicketKeys, server: Server): void {
    this.#current = partsOf(keys.current);
    this.#previous = partsOf(keys.previous);
    this.serve(server);
  }

  /** To be called whenever the server has a new secure context. */
  serve(server: Server): void {
    // In public Node has one key only: tickets of the one before it lead to a full handshake then.
    if (!setTicketCallback(server, this.#answer)) server.setTicketKeys(this.#current.whole);
  }
}

interface TicketKey {
  readonly whole: Buffer;
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

function partsOf(bytes: Uint8Array): TicketKey {
  if (bytes.length !== ticketKeyBytes) throw new RangeError(`a ticket key has ${ticketKeyBytes} bytes`);
  const whole = Buffer.from(bytes);
  return { whole, name: whole.subarray(0, 16), hmac: whole.subarray(16, 32), aes: whole.subarray(32) };
}
