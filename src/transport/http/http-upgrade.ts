// What a request for a WebSocket brings along for whoever takes its connection over.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientAddress } from '../client-address.ts';
import type { HttpError } from './http-error.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What has come behind the request. */
  readonly bytes: Uint8Array;
  /** Whose it is. */
  readonly client: ClientAddress;
  /** The client is a trusted proxy that does not say for whom it asks. */
  readonly speaksForMany: boolean;
  readonly secure: boolean;
  /** Answers with an error and ends the connection. */
  refuse(error: HttpError): void;
  /** From here on the socket is the taker's; it counts among the connections until it closes. */
  take(): void;
}

export type TakeUpgrade = (upgrade: Upgrade) => void;

/** Whether a request's Upgrade asks for a WebSocket, among others or alone. */
export function asksForWebSocket(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(upgrade);
}

/** The request's head as it came, without what asked for another protocol: to be answered as any other. */
export function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i].toLowerCase() !== 'upgrade') text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
