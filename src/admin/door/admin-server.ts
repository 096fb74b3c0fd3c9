// The admin door's HTTP: one server over TCP or a UNIX socket, its bounds, its headers, and who is let in.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseInfoHash } from '../measures/survey.ts';
import { type IpVisibility, showIp } from '../shown-address.ts';
import type { AdminLog } from '../watched-tracker.ts';
import type { AccessRules, Caller } from './access.ts';
import type { Api } from './api.ts';
import type { Assets } from './assets.ts';
import type { EventStreams } from './event-streams.ts';
import { RequestError } from './question.ts';
import { type Route, routes } from './routes.ts';

export interface AdminServerOptions {
  api: Api;
  access: AccessRules;
  assets: Assets;
  streams: EventStreams;
  ipVisibility: IpVisibility;
  log: AdminLog;
  onException: (error: unknown) => void;
}

const mostConnections = 100;
const gzipFrom = 1024;
const gzipAsync = promisify(gzip);

const securityFields = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'X-Frame-Options': 'DENY',
};

/** A server over one kind of door; `local` when the file system guards it. It does not listen yet. */
export function createAdminServer(options: AdminServerOptions, local: boolean): Server {
  const server = createServer(
    {
      maxHeaderSize: 8192,
      headersTimeout: 5000,
      requestTimeout: 8000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void answer(options, local, request, response),
  );
  server.maxConnections = mostConnections;
  return server;
}

async function answer(
  options: AdminServerOptions,
  local: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(securityFields)) response.setHeader(name, value);
  try {
    await route(options, local, request, response);
  } catch (error) {
    if (error instanceof RequestError) {
      sendJson(request, response, error.status, { error: error.message });
      return;
    }
    options.onException(error);
    if (response.headersSent) response.destroy();
    else sendJson(request, response, 500, { error: 'internal error' });
  }
}

async function route(
  options: AdminServerOptions,
  local: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '';
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const asset = options.assets.get(path);
  const access = options.access.decide(callerOf(request, local), asset !== undefined);
  if (!access.granted) {
    if (access.wrongToken) {
      const client = showIp(request.socket.remoteAddress, options.ipVisibility);
      options.log.warn('admin: wrong token', { client });
    }
    if (access.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="tracker admin"');
    throw new RequestError(access.status, access.error);
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (asset !== undefined && method === 'GET') {
    options.assets.send(asset, request, response);
    return;
  }
  const found = findRoute(path, method ?? '');
  if (found.route.trustedOnly && !access.trusted) {
    throw new RequestError(403, 'this needs the token (--admin-token-file) or the UNIX socket');
  }
  if (found.route.answer === undefined) {
    options.streams.open(request, response);
    return;
  }
  const query = new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1));
  const {
    status = 200,
    contentType,
    body,
  } = await found.route.answer(options.api, {
    trusted: access.trusted,
    query,
    infoHash: found.infoHash,
  });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  await send(request, response, status, contentType ?? 'application/json; charset=utf-8', text);
}

function callerOf({ socket, headers }: IncomingMessage, local: boolean): Caller {
  const fetchSite = headers['sec-fetch-site'];
  return {
    local,
    remoteAddress: socket.remoteAddress,
    localAddress: socket.localAddress,
    host: headers.host,
    authorization: headers.authorization,
    fetchSite: Array.isArray(fetchSite) ? fetchSite.join() : fetchSite,
  };
}

const noHash = new Int32Array(5);

/** Compares whole paths; nothing that a client sends is ever looked up in a file system. */
function findRoute(path: string, method: string): { route: Route; infoHash: Int32Array } {
  const hash = /^\/api\/v1\/swarms\/([0-9a-fA-F]{40})(?=$|\/)/.exec(path)?.[1];
  const pattern = hash === undefined ? path : path.replace(hash, '{info_hash}');
  const candidates = routes.filter((route) => route.path === pattern);
  if (candidates.length === 0) throw new RequestError(404, 'not found');
  const found = candidates.find((route) => route.method === method);
  if (found === undefined) throw new RequestError(405, 'method not allowed');
  return { route: found, infoHash: hash === undefined ? noHash : parseInfoHash(hash)! };
}

function sendJson(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  void send(request, response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
): Promise<void> {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Accept-Encoding');
  // Nothing here wants a body; whoever sends one need not be read to its end.
  if (hasBody(request)) response.setHeader('Connection', 'close');
  let bytes: Buffer = Buffer.from(text);
  if (bytes.length >= gzipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    bytes = await gzipAsync(bytes);
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', bytes.length);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
