// The one place that reaches into Node's private handles: a socket's descriptor and a TLS server's tickets are known nowhere else.
import type { Server, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';

/**
 * The descriptor of an open socket or listening server of `node:net`, which keeps it; −1 on Windows.
 * @throws TypeError when it is closed
 */
export function descriptorOf(socket: Socket | Server): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

/** What a TLS server's secure context asks about session tickets, with `encrypts` for a new one; lengths are 16 bytes. */
export type TicketCallback = (
  name: Buffer,
  iv: Buffer,
  encrypts: boolean,
) => [verdict: number, hmac: Uint8Array, aes: Uint8Array, name?: Uint8Array, iv?: Uint8Array];

/**
 * Has `callback` asked about the session tickets of connections to come, until the server has another secure context. False
 * where Node does not have that: it is no part of its public interface, and tests of Node's own use it.
 */
export function setTicketCallback(server: TlsServer, callback: TicketCallback): boolean {
  const context = (server as unknown as { _sharedCreds?: { context?: TicketContext } })._sharedCreds?.context;
  if (typeof context?.enableTicketKeyCallback !== 'function') return false;
  context.onticketkeycallback = callback;
  context.enableTicketKeyCallback();
  return true;
}

interface TicketContext {
  onticketkeycallback?: TicketCallback;
  enableTicketKeyCallback?: () => void;
}
