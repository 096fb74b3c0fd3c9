// A server of node:http or node:https within our bounds: what of it is told apart from an ordinary request, and how long it waits.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { endIdleConnections } from '../idle-connections.ts';
import { type ClientError, type HttpError, httpErrorOf, wrongMethod } from './http-error.ts';
import type { HttpLimits } from './http-limits.ts';
import { secureContextOptions, type TlsCertificate } from './secure-context.ts';

export interface HttpServerEvents {
  /** A request, whatever it asks. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** One that asks for another protocol; without it that is answered as any other. */
  readonly upgrade: ((request: IncomingMessage, socket: Socket, bytes: Buffer) => void) | undefined;
  /** What cannot be read as a request. */
  refuse(error: HttpError, socket: Socket): void;
}

/** @param https its certificate, which may come later; undefined for plain HTTP */
export function createHttpServer(
  limits: HttpLimits,
  https: { readonly certificate: TlsCertificate | undefined } | undefined,
  { answer, upgrade, refuse }: HttpServerEvents,
): Server | SecureServer {
  const options = {
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    insecureHTTPParser: false,
    noDelay: true,
    // RFC 9112, 3.2, is held in request-checks.ts, with an error like any other.
    requireHostHeader: false,
  };
  const server =
    https === undefined
      ? createServer(options, answer)
      : createSecureServer({ ...options, ...secureContextOptions(https.certificate) }, answer);
  server.timeout = limits.stallMs;
  const idleTimes = { idleMs: limits.keepAliveMs + limits.headMs, checkEveryMs: limits.checkEveryMs };
  endIdleConnections(server, idleTimes, upgrade !== undefined);
  // The head is bounded in bytes. A bound in fields would only drop some unseen, and they might announce a body.
  server.maxHeadersCount = 0;
  // A client may close its side once it has asked; without this, node:http would not finish a streamed answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  // With a body to come, and so refused; node:http would first ask for that body.
  server.on('checkContinue', answer);
  server.on('checkExpectation', answer);
  if (upgrade !== undefined)
    server.on('upgrade', (request, socket, bytes) => upgrade(request, socket as Socket, bytes));
  server.on('connect', (_request, socket) => refuse(wrongMethod, socket as Socket));
  server.on('clientError', (error: ClientError, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(httpErrorOf(error), socket as Socket);
  });
  return server;
}
